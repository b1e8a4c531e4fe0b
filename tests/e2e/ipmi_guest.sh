#!/usr/bin/env bash
# nodewatt in a Linux guest with a real /dev/ipmi0, behind which OpenIPMI's ipmi_sim plays a controller with DCMI.
# usage: tests/e2e/ipmi_guest.sh BIN        about half a minute, emulated: no /dev/kvm and no rights are needed. Not part of `make test`.
# The guest boots Debian's kernel, NODEWATT_GUEST_KERNEL (an unpacked linux-image package) or one that apt-get downloads, and has this
# machine's own / read-only over 9p, so that the executable finds its libraries.
. "$(dirname "$0")/lib.sh"
WATTS=487
for tool in qemu-system-x86_64 ipmi_sim busybox cpio gcc; do
  command -v "$tool" >/dev/null || skip "no $tool (qemu-system-x86 openipmi libopenipmi-dev busybox-static cpio gcc)"
done
[ -e /usr/include/OpenIPMI/lanserv.h ] || skip "no headers of ipmi_sim (libopenipmi-dev)"
[ "$(uname -m)" = x86_64 ] || skip "the guest is an x86_64"

kernel=${NODEWATT_GUEST_KERNEL:-$WORK/kernel}
if [ ! -d "$kernel/boot" ]; then
  package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends:/ {print $2; exit}')
  [ -n "$package" ] && apt-get download "$package" >/dev/null 2>&1 && dpkg -x linux-image-*.deb "$kernel" || skip "no Debian kernel to boot"
fi
vmlinuz=$(ls "$kernel"/boot/vmlinuz-* | head -1)

# The controller, on a port that it shares with nobody.
gcc -O2 -fPIC -shared "$HERE/ipmi_guest_dcmi.c" -o dcmi.so || { fail "the simulator's module"; finish; }
port=$(free_ports 1)
echo $WATTS >watts
cat >lan.conf <<X
name "bmc"
loadlib "$WORK/dcmi.so" "$WORK/watts"
set_working_mc 0x20
  serial 15 127.0.0.1 $port codec VM
X
printf 'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n' >sim.emu
mkdir -p state
ipmi_sim -c lan.conf -f sim.emu -s state -n >sim.log 2>&1 </dev/null &
sim=$!
listens() { is_gone $sim || grep -q "$(printf ':%04X 00000000:0000 0A ' "$port")" /proc/net/tcp; }
wait_for listens
kill -0 $sim 2>/dev/null || { cat sim.log; fail "ipmi_sim ended"; finish; }

# The guest's first steps: modules, this machine's / with a writable layer over it, then guest.sh in there.
modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p overlay
ipmi_msghandler ipmi_devintf ipmi_si"
mkdir -p root/{bin,dev,proc,sys,mods,host,layer,new}
cp "$(command -v busybox)" root/bin/busybox
for applet in sh mount insmod mkdir chroot poweroff; do ln -s busybox root/bin/$applet; done
for module in $modules; do
  file=$(find "$kernel" -name "$module.ko" | head -1)
  [ -n "$file" ] && cp "$file" root/mods/
done
{
  echo '#!/bin/sh'
  echo 'mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev'
  for module in $modules; do echo "[ -e /mods/$module.ko ] && insmod /mods/$module.ko"; done
  cat <<X
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host || poweroff -f
mount -t tmpfs t /layer; mkdir -p /layer/up /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/up,workdir=/layer/work o /new || poweroff -f
mount -t proc p /new/proc; mount -t sysfs s /new/sys; mount -t devtmpfs d /new/dev; mount -t tmpfs t /new/run
chroot /new /bin/sh $WORK/guest.sh
poweroff -f
X
} >root/init
chmod +x root/init
(cd root && find . | cpio -o -H newc 2>/dev/null | gzip -1) >initrd.gz

cat >guest.sh <<X
export HOME=/run XDG_DATA_HOME=/run/data XDG_RUNTIME_DIR=/run PATH=/usr/sbin:/usr/bin:/sbin:/bin
echo "== sensors"; $NODEWATT sensors
echo "== record"; $NODEWATT record -o /run/guest.tape --duration 6s; grep -a 'ipmi_dcmi' /run/guest.tape
echo "== run"; $NODEWATT run -- sleep 8
echo "== end"
X
timeout 180 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 2048 -smp 2 -nic none -monitor none -nographic -no-reboot -serial stdio \
  -chardev socket,id=ipmi0,host=127.0.0.1,port="$port",reconnect=5 -device ipmi-bmc-extern,chardev=ipmi0,id=bmc -device isa-ipmi-kcs,bmc=bmc \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
  -kernel "$vmlinuz" -initrd initrd.gz -append "console=ttyS0 panic=-1 quiet mitigations=off" </dev/null >guest.log 2>&1
tr -d '\r' <guest.log >guest.txt
[ -n "${NODEWATT_GUEST_SHOW:-}" ] && cat guest.txt
expect_in "the guest came to its end" guest.txt "== end"
expect_in "the driver's sensor is there" guest.txt "IPMI DCMI power reading"
expect_in "the capabilities came through the kernel" guest.txt "00 dc 01 05 02 00 01 07"
expect_in "so did a reading" guest.txt "00 dc e7 01"
sed -n '/^== run/,/^== end/p' guest.txt >run.txt
expect_in "the run has the simulator's watts" run.txt "$WATTS W"
expect_in "as the node's" run.txt "the whole node, at the wall (AC)"
finish
