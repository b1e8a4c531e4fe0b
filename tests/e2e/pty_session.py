"""A command on a pseudo terminal of its own, whose other end is here."""
import fcntl
import os
import pty
import select
import struct
import termios


class Session:
    def __init__(self, command, rows=33, columns=99, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self.fd = 1
            self.resize(rows, columns)
            os.environ.update(environment)
            os.execvp(command[0], command)
        self.seen = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, is_done=lambda: False, seconds=60):
        """Reads on, so that nobody waits for his terminal, until it is done; False when the command has ended or says nothing for so long."""
        while not is_done():
            try:
                piece = os.read(self.fd, 65536) if select.select([self.fd], [], [], seconds)[0] else b""
            except OSError:
                piece = b""
            if not piece:
                return False
            self.seen += piece
            if b"\x1b[c" in piece:  # fish asks what terminal this is
                self.type("\x1b[?62;c")
        return True

    def read_to(self, text):
        return self.read(lambda: text in self.seen)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """All that the command has said, and its exit code or signal."""
        self.read()
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return self.seen, os.waitstatus_to_exitcode(status)
