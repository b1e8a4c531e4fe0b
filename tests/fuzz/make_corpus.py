#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: tests/fuzz/corpus/<target>/, by one function a target. Deterministic; Python 3 and protoc.

usage: tests/fuzz/make_corpus.py
"""
import json
import pathlib
import struct
import subprocess
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = HERE / "corpus"


def write(target, name, data):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def shorten(tape, sweeps):
    """The tape up to its sweep of that number, its long texts cut to their first lines."""
    kept, seen = [], 0
    for line in tape.splitlines():
        seen += line.startswith("t\t")
        if seen > sweeps:
            break
        kept.append(line if len(line) < 600 else line[:line.rfind("\\n", 0, 600) + 2])
    return "\n".join(kept) + "\n"


def make_tapes():
    for path in sorted((ROOT / "tests" / "tapes").glob("*/*.tape")):
        write("tape", path.stem, shorten(path.read_text(), 4))


def make_redfish():
    for path in sorted((ROOT / "tests" / "tapes" / "redfish").glob("*.tape")):
        asks = [line.split("\t") for line in path.read_text().splitlines() if line.startswith("ask\tredfish:bmc0:")]
        for i, (_, _, answer) in enumerate(asks):
            write("redfish", f"{path.stem}{i}", answer.replace("\\\\", "\\"))
    for i, case in enumerate(("PT1M30.5S", "P1DT2H", "2026-01-01T12:00:00.25+01:00")):
        write("redfish", f"time{i}", case)


def make_sweep():
    uid = "0123456789abcdefghjkmnpqrs"
    done = {"run": [0, 1], "uid": uid, "seconds": 1.5, "exit_code": 0, "signal": None, "trouble": "", "warm": False}
    failed = dict(done, run=[1, 1], exit_code=None, signal=9, trouble="no", warm=True)
    plan = {"name": "train", "host": "n1", "command": ["sh", "work.sh", "{threads}"], "environment": ["OMP_NUM_THREADS={threads}"],
            "labels": ["who=me"], "dimensions": [{"name": "threads", "values": ["1", "2"]}], "repeat": 2, "warmup": 1, "seed": 7,
            "gpus": "0", "cool_down_ns": 60000000000}
    state = {"schema": "nodewatt-sweep/1", "id": uid, "plan": plan, "groups": [uid, uid], "order": [[0, 1], [1, 1], [1, 2], [0, 2]],
             "running": {"run": [0, 2], "uid": uid}, "runs": [done, failed]}
    write("sweep", "state", json.dumps(state, separators=(",", ":")))
    write("sweep", "begun", json.dumps(dict(state, running=None, runs=[])))
    write("sweep", "note", "nodewatt-power-limits 1\nboot 8c6f9b1e\ngpu GPU-00000000-0000-4000-8000-000000000001 400000\ngpu GPU-2 300000\n")
    write("sweep", "values", "1,2\\,3,200W,default")


def make_allocation():
    for name, lines in {
        "cuda": ("CUDA_VISIBLE_DEVICES=0,2", "CUDA_DEVICE_ORDER=PCI_BUS_ID"),
        "uuid": ("CUDA_VISIBLE_DEVICES=GPU-a1,GPU-b,MIG-1",),
        "slurm": ("SLURM_STEP_GPUS=0-1", "SLURM_JOB_GPUS=0,1,2", "CUDA_VISIBLE_DEVICES=NoDevFiles"),
        "container": ("NVIDIA_VISIBLE_DEVICES=all",),
        "rocr": ("ROCR_VISIBLE_DEVICES=1,3", "HIP_VISIBLE_DEVICES=0", "GPU_DEVICE_ORDINAL=-1"),
    }.items():
        write("allocation", name, "\n".join(lines) + "\n")


def make_cgroups():
    """Names as paths below the mount of the cgroups, and what files of theirs say."""
    v1 = [f"{controller}/slurm_n1/uid_1000/job_7/{file}" for controller, file in
          (("cpuacct", "cpuacct.usage"), ("cpuacct", "step_0/task_0/cgroup.procs"), ("memory", "memory.limit_in_bytes"), ("cpuset", "cpuset.cpus"))]
    v2 = [f"system.slice/n1_slurmstepd.scope/{job}/{file}" for job in ("job_7", "s8FXKTA79XAR00")
          for file in ("cpu.stat", "memory.max", "step_batch/user/task_0/cgroup.procs")]
    write("cgroups", "v1", "\n".join([*v1, "freezer/slurm/uid_0/job_8/step_0+1/cgroup.procs", "7\n"]))
    write("cgroups", "v2", "\n".join([*v2, "usage_usec 12", "Uid:\t1000\t0\t0\t0", "7\n"]))
    pod, container = "252e517d_7722_4f5a_9d39_0a1b2c3d4e5f", "9ab7" * 16
    slice_of_pod = f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod}.slice/cri-containerd-{container}.scope"
    pods = [f"{slice_of_pod}/{file}" for file in ("cpu.stat", "cgroup.procs", "system.slice/x")]
    pods += [f"cpuacct/kubepods/besteffort/pod{pod.replace('_', '-')}/{container}/{file}" for file in ("cpuacct.usage", "cgroup.procs")]
    write("cgroups", "pods", "\n".join([*pods, "usage_usec 12", "Uid:\t1000\t0\t0\t0", "7\n"]))
    write("cgroups", "names", "slurm\nslurm_n-1\nslurmstepd.scope\nn_1_slurmstepd.scope\nuid_0\njob_4294967295\nstep_interactive\n")
    write("cgroups", "devices", "c 195:2 rwm\nc 195:255 rw\nc 1:3 rwm\nb *:* m\n")
    write("cgroups", "all_devices", "a *:* rwm\n")
    write("cgroups", "cpus", "0-3,8\n")
    write("cgroups", "cpu_stat", "usage_usec 5000000\nuser_usec 4000000\nsystem_usec 1000000\n")
    write("cgroups", "events", "populated 1\nfrozen 0\n")
    write("cgroups", "meminfo", "MemTotal:       24684816 kB\nMemFree:        1 kB\nMemAvailable:   22684816 kB\n")
    write("cgroups", "stat", "cpu  1 2 3 4 5 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 1\n")


def make_snmp():
    write("snmp", "apc", "apc-rpdu2 - 1 3 1\napc-rpdu2 - 1 4 2\nn 350\nn 120\n")
    write("snmp", "raritan", "raritan-pdu2 - 0.1 7 1\nn 3055\nn 1\n")
    write("snmp", "generic", "generic .1.3.6.1.4.1.99.{outlet}.2 0.01 12 3\nn 31415\n")
    write("snmp", "units", "n 3\nn 1\n")
    write("snmp", "lacks", "apc-rpdu2 - 1 3 1\napc-rpdu2 - 1 4 1\napc-rpdu2 - 1 5 1\nn -1\nt lots\n-\n")
    write("snmp", "oid", ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.4294967295")


def make_numbers():
    cases = ["0", "18446744073709551615\n", "-9223372036854775808", "2.3283064365386962890625e-10\n", "1.5s", "250ms", "100us",
             "0-3,8\n", "0-65535", "a,b,,c", " 42 \t\n", "Prüfung €", "1e308", "inf", "nan", "0x10",
             "cpu  1 2 3 4 5 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", "processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\n"]
    for i, case in enumerate(cases):
        write("numbers", f"{i:02}", case)


def make_ipmi():
    """An answer of each kind that a controller gives, the same as a tape has it, and a completion code."""
    answers = {"capabilities": "00 dc 01 05 02 00 01 07",
               "dcmi": "00 dc 40 03 d2 00 b6 03 c7 01 33 d9 45 67 80 7f 0a 00 40",
               "node_manager": "00 57 01 00 38 00 04 00 41 00 39 00 ec 56 f7 53 5a 86 00 00 50",
               "xcc_energy": "00 00 01 ff ff ff ff e7 03 1f 19 9a 60 49 01",
               "xcc_mean": "00 04 00 e9 03 00 00 fa 00" + " 00" * 24 + " 1f 19 9a 60 49 01",
               "xcc_split": "00 1f 19 9a 60 49 01 b5 00 05 01 19 00 00 00",
               "code": "c1"}
    for name, text in answers.items():
        write("ipmi", name, bytes.fromhex(text))
        write("ipmi", name + "_hex", text)


def make_ipmi_broker():
    for row, text in enumerate(("2c 01 dc 01", "2c 02 dc 01 00 00", "3a 32 04 02 00 00 00", "3a 32 04 08 00 00 00")):
        write("ipmi_broker", f"row{row}", bytes([row]))
        write("ipmi_broker", f"command{row}", bytes.fromhex(text))
    write("ipmi_broker", "answer", b"A" + bytes.fromhex("00 dc 40 03 d2 00 b6 03 c7 01 33 d9 45 67 80 7f 0a 00 40"))
    write("ipmi_broker", "error", "Eb/dev/ipmi0: no answer within 480 ms")


def make_pm_counters():
    lines = ["451 W 1767225600000000 us\n", "123456789 J 1767225600100000 us\n", "4711\n", "12 J 34", "12 34 us", "10 Hz\n", "1766\n", "0 J 0 us\n",
             "18446744073709551615 J 18446744073709551615 us\n"]
    for i, line in enumerate(lines):
        write("pm_counters", f"line{i}", line)
    registers = {"skylake": (0xa0e03, 5, 6, 0x55), "sapphire_rapids": (0xa0e03, 5, 6, 0x8f), "rome": (0xa1003, 7, 23, 0x31),
                 "client": (0xa0e03, 1, 6, 0x9e), "atom": (0x50505, 1, 6, 0x37), "ones": (2**64 - 1, 255, 255, 255)}
    for name, (unit, *cpu) in registers.items():
        write("pm_counters", name, struct.pack("<Q3B", unit, *cpu) + struct.pack("<11I", *range(2**31, 2**31 + 11)))


def make_launches():
    """The variables of each launcher as it sets them, behind a list of Slurm's; a message between a rank and its sampler."""
    families = {
        "slurm": "SLURM_JOB_ID=7 SLURM_STEP_ID=0 SLURM_PROCID=5 SLURM_LOCALID=1 SLURM_NODEID=2 SLURM_STEP_NUM_TASKS=7 SLURM_STEP_TASKS_PER_NODE=2(x3),1",
        "openmpi": "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=16 OMPI_COMM_WORLD_LOCAL_RANK=3 OMPI_COMM_WORLD_LOCAL_SIZE=8 PMIX_NAMESPACE=p@1 PMIX_RANK=3",
        "torchrun": "TORCHELASTIC_RUN_ID=none MASTER_ADDR=n1 MASTER_PORT=29500 RANK=6 WORLD_SIZE=8 LOCAL_RANK=2 LOCAL_WORLD_SIZE=4 GROUP_RANK=1",
        "hydra": "PMI_RANK=1 PMI_SIZE=4 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2", "flux": "FLUX_JOB_ID=f1 FLUX_TASK_RANK=0 FLUX_JOB_SIZE=4",
        "pmix": "PMIX_NAMESPACE=slurm.pmix.1.0 PMIX_RANK=1", "pals": "PALS_APID=a PALS_RANKID=2 PALS_NODEID=1"}
    for name, variables in families.items():
        write("launch", name, "2(x3),1\n" + variables.replace(" ", "\n") + "\n")
    write("launch", "message", struct.pack("<IIIiq", 0x3177636e, 3, 2**32 - 1, 1, 0) + b"/dev/shm/nodewatt-1".ljust(232, b"\0"))


HEADER = """header {{ record {{ uid: "0123" name: "run" start_unix_ns: 1767225600000000000 }} period_ns: 100000000 begin_ns: 1000000000 {} }}"""
PLATE = """infos {{ id: "{0}" source: "{0}" domain: "{1}" device: "0" gauge: {2} unit_num: {3} unit_den: 1 wrap: {4} update_interval_ns: 1000000
 max_power_uw: 1000000000 gain: 0.05 gain_basis: "assumed" }}"""


def encode(text, message="JournalFrame", file="journal"):
    command = ["protoc", f"--proto_path={ROOT / 'src'}", f"--encode=nw.pb.{message}", f"record/{file}.proto"]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout


def make_frames():
    """The payloads of a run of a package counter, a node meter and two phases."""
    plates = PLATE.format("package", "package", "false", 1, 262143328850) + PLATE.format("node", "node", "true", 1000, 0)
    texts = [HEADER.format(plates)]
    for i in range(6):
        texts.append(f"sample_set {{ at_ns: {1000000000 + i * 100000000} before_ns: [0, 20000] took_ns: [15000, 15000] "
                     f"raw: [{262143000000 + i * 20000000 if i < 1 else i * 20000000 - 328850}, 350000] status: [0, {1 if i == 3 else 0}] "
                     "period_ns: 100000000 }")
        if i == 1:
            texts.append('event { kind: 0 at_ns: 1120000000 id: 1 pid: 7 tid: 7 name: "train" }')
            texts.append('event { kind: 2 at_ns: 1130000000 pid: 7 tid: 7 unit: "sample" value: 32 }')
            texts.append('event { kind: 3 at_ns: 1140000000 pid: 7 tid: 7 name: "dice" value: 0.73 }')
        if i == 4:
            texts.append("event { kind: 1 at_ns: 1430000000 id: 1 pid: 7 tid: 7 }")
    texts.append("end { at_ns: 1490000000 exit_code: 0 }")
    return [encode(text) for text in texts]


def make_sites():
    """What the test of the site file reads, whole and in parts."""
    test = (ROOT / "src" / "site" / "site_test.cc").read_text()
    whole = test.split('kWhole = R"(\n')[1].split(')";')[0].replace('date = "2026" }', 'date = "2026-01-02" }')
    write("site", "whole", whole)
    write("site", "faults", '[ipmi]\nperiot = "2s"\n[redfish.a]\npassword = "x"\n[facility.pue]\nvalue = 0.5\n')
    write("site", "header", b"[ipmi]\nperiot = \"s2\"\n[redfish.a]\npassword = \"x\"\n[\n]\neup.yt 0.5")
    write("site", "node", '[node]\nname = "n1"\ntype = "h100x4"\n[baseline]\nhost = "n1"\nvalid_days = 30\n')
    write("site", "rule", '[sensors."*"]\nfactor = 1.054321\nbias_w = -3\nsource = "s"\ndate = "2026-01"\n')


def make_journals():
    frames = make_frames()
    pack = lambda some: b"".join(struct.pack("<H", len(frame)) + frame for frame in some)
    write("journal", "whole", pack(frames))
    write("journal", "killed", pack(frames[:8]))
    write("journal", "header", pack(frames[:1]))
    checked = b"nodewatt-frames 1\n"
    for frame in frames:
        length = struct.pack("<I", len(frame))
        checked += length + struct.pack("<I", zlib.crc32(length + frame)) + frame
    write("frames", "journal", checked)
    write("frames", "cut", checked[:200])
    write("frames", "empty", b"nodewatt-frames 1\n")


def make_records():
    record = lambda text: encode(text, "Record", "record")
    whole = record("""uid: "0123456789abcdefghjkmnpqrs" name: "train" labels {key: "batch" value: "64"} duration_ns: 5000000000
        node {host: "n1" gpus: "NVIDIA A100"} energy {energy_uj: 5000000 uncertainty_uj: 70000 kind: KIND_MEASURED terms {name: "gain" u_uj: -3.5}}
        components {domain: "gpu" device: "0" depth: 1 counted: true} phases {path: "train" resolved: true work {unit: "sample" count: 512}}
        timeline {step_ns: 1000000000 series {domain: "gpu" energy_uj: [1000000, -1, 900000]}} monitor_cpu_s: 0.25 group: "g" repeat: 2""")
    write("record", "whole", whole)
    write("record", "timelines_between", record('timeline {step_ns: 1}') + whole + record('timeline {step_ns: 2}'))
    write("record", "newer", whole + b"\xfa\x3f\x03new\xc0\x3e\x07")
    numbers = b"\x12\x0a\x1a\x04\0\1\x80\x01\x18\x07\x18\0"  # a series, packed and one by one
    write("record", "series", b"\xea\x01" + bytes([len(numbers)]) + numbers + whole)


def make_node_checkpoint():
    encoded = lambda text: encode(text, "Checkpoint", "checkpoint")
    row = "total_uj: 5000000 duration_ns: 1000000000 energy_uj: [3000000, 2000000] whole_uj: [3000000, 2000000] filled_uj: [0, 0] covered_ns: [1000000000, 1000000000] division: [0, 0.5] edges: [0.25, 0]"
    text = f"""boot_id: "boot" at_ns: 999999000000000 wall_ns: 5 since_wall_ns: 1 sensors: ["rapl/package-0", "nvml/GPU-a/energy"]
        sample_set {{at_ns: 999999000000000 before_ns: [0, 10] took_ns: [10, 10] raw: [100, 200] status: [0, 0]}}
        jobs {{id: "1" begin_ns: 999990000000000 seen: true record {{uid: "a" job {{id: "1" uid: 1000}}}} accumulators {{{row}}} accumulators {{{row}}}
               steps {{id: "0" begin_ns: 999990000000000 cpu_ns: 7 cpu_begin_ns: 1 accumulator {{{row}}}}} loose {{{row}}} devices: [0] worked: [0]}}
        idle {{accumulators {{{row}}}}} system {{accumulators {{{row}}}}} jobs_uj: 1 node_uj: 20000001 idle_uw: [1000000, -1] busy_ns: 10 part_uj: [1, 2]
        ended {{uid: "b" job {{id: "0"}}}}"""
    write("node_checkpoint", "running", encoded(text))
    phases = f"""phases {{step: "0" last: 2 overlap: true
        paths {{path: "train" count: 2 duration_ns: 5000000000 given {{{row}}} open: 2 since_ns: 999998000000000 edge: 1 work {{unit: "sample" count: 512}}
                spans {{begin_ns: 999991000000000 end_ns: 999992000000000}}}}
        paths {{path: "train/epoch" parent: 1 count: 7 given {{{row}}} open: 1 since_ns: 999998500000000 edge: 2}}
        paths {{path: "(others)" overlap: true}}
        open {{id: 7696581394433 place: 0 name: "train" pid: 7 tid: 7 begin_ns: 999998000000000 latest_ns: 999998000000000}}
        open {{id: 7696581394434 place: 1 name: "epoch" pid: 7 tid: 7 begin_ns: 999998500000000 latest_ns: 999998500000000}}
        open {{id: 3 place: 0 name: "train" pid: 8 tid: 8 begin_ns: 999998000000000 latest_ns: 999998000000000}}
        waiting {{at_ns: 999998900000000 place: 1 is_end: true}} waiting {{at_ns: 999998950000000 place: 2}}
        edges {{at_ns: 999998000000000 given {{{row}}} variances: [0.5, 0]}} edges {{at_ns: 999998500000000 given {{{row}}} variances: [0, 1]}}
        work {{unit: "batch" count: 3}} figures {{name: "dice" value: 0.73}} settings {{key: "lr" value: "0.1"}}
        anomalies {{name: "phase_unended" count: 1}}}} noted {{name: "phase_lost" count: 4}}"""
    with_phases = text.replace("devices: [0]", phases + " devices: [0]").replace("ended {", "channels {cookie: 77 position: 9000 uid: 1000 lost: 4 pids: [7, 8]} ended {")
    write("node_checkpoint", "phases", encoded(with_phases))
    write("node_checkpoint", "phases_without_last", encoded(with_phases.replace("last: 2", "")))
    write("node_checkpoint", "phases_at_impossible_times", encoded(with_phases.replace("at_ns: 999998500000000 given", f"at_ns: {2**63 - 1} given").replace("since_ns: 999998500000000", f"since_ns: {-2**63}")))
    write("node_checkpoint", "another_boot", encoded(text.replace('"boot"', '"before"')))
    write("node_checkpoint", "of_the_future", encoded(text.replace("999999000000000", "2000000000000000")))
    write("node_checkpoint", "other_sensors", encoded(text.replace("rapl/package-0", "gone")))


def make_output():
    write("lines", "training", b"\x20Epoch 1/3\ntrain 12%\rtrain 99%\rtrain done\n512 x\nval: 3 x\ndone\nEpoch 2\nstop")
    write("lines", "colours", b"\x03\x1b[1;32mEpoch 7\x1b[0m\r\n\x1b]0;title\x07val\n\x1b]8;;http://a\x1b\\train\x1b]8;;\x1b\\\n\x1b(Bdone")
    write("lines", "binary", b"\x01\x00\xff\xfe\x80\r\r\n\x1b\x1b[\x1b]\x1bPepoch 18446744073709551616\n")
    event = struct.pack("<HHIiIiiQiiQ", 3, 48, 0, 0, 0, 0, 0, 2**40, 1, 0, 0)
    write("nvtx", "named", b"epoch*,train:*,!*:warm*\0train\0epoch 1\0" + event)
    write("nvtx", "registered", b"!x,a?c\0\0std::sort\0" + event[:32] + struct.pack("<iiQ", 3, 0, 77))
    write("nvtx", "wide", b"*a*b*\0d\0aab\0" + event[:32] + struct.pack("<iiQ", 2, 0, 0) + b"x")
    write("nvtx", "short", b",\0\0\0" + event[:40])


def make_wire():
    """Requests of each verb, and one answer of each kind."""
    requests = {"job": "job id=4711 step=0", "jobs": "jobs limit=20 since=1767225600 state=running user=1000", "node": "node",
                "begin": "begin job=4711 name=a%20b%25%C3%A9%0A uid=1000 submit=1767225600", "step": "step job=4711 step=0 phase=x%3dy period_ms=100"}
    for name, request in requests.items():
        write("wire", name, request)
    write("wire", "record", b"R\x0a\x01u\xff\0")
    write("wire", "done", "D")
    write("wire", "refusal", "Ebusy ask again in 1 s")


def make_metrics_requests():
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    for i, (name, request) in enumerate({
        "scrape": f"GET /metrics HTTP/1.1\r\nHost: n1:9753\r\nUser-Agent: Prometheus/2.42.0\r\nAccept: {accept}\r\nAccept-Encoding: gzip\r\n\r\n",
        "head": "HEAD /metrics?a=b HTTP/1.0\r\n\r\n",
        "post": "POST /metrics HTTP/1.1\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\na=bc",
        "chunked": "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "folded": "GET http://n1/metrics HTTP/1.1\r\nAccept: */*,\r\n application/openmetrics-text\r\nExpect: 100-continue\r\n\r\n",
    }.items()):
        write("metrics_request", name, bytes([i * 7]) + request.encode())


def make_workload_files():
    write("csv", "demand", "time,demand\n2000-06-05 00:00,22262\n2000-06-05 00:30,21756\n")
    write("csv", "plain", "# load\n1.5\n2.5\n\n3e3\n")
    write("csv", "quoted", '"time";"value"\r\n"a;b";"7"\r\n')
    nifti = bytearray(352)
    struct.pack_into("<i", nifti, 0, 348)
    struct.pack_into("<8h", nifti, 40, 3, 2, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<hh", nifti, 70, 2, 8)
    struct.pack_into("<4f", nifti, 76, 1, 1, 1, 1)
    struct.pack_into("<f", nifti, 108, 352)
    nifti[344:348] = b"n+1\0"
    write("nifti", "bytes", bytes(nifti) + bytes(range(8)))
    compress = zlib.compressobj(9, zlib.DEFLATED, 31)
    write("nifti", "gzip", compress.compress(bytes(nifti) + bytes(range(8))) + compress.flush())

    def chunk(kind, values):
        data = b"X\n" + struct.pack(">IIII", 3, 0x40300, 0x30500, 5) + b"UTF-8" + struct.pack(">II", kind, len(values))
        data += b"".join(struct.pack(">d" if kind == 14 else ">i", value) for value in values)
        return struct.pack(">I", len(data)) + zlib.compress(data)

    write("rdb", "reals", chunk(14, [22262.0, 21756.0, 22247.5]))
    write("rdb", "both", chunk(13, [1, -2]) + chunk(14, [0.5]))
    text = lambda s: struct.pack("<I", len(s)) + s
    body = struct.pack("<I", 1) + text(b"application") + text(b"forecasting") + struct.pack("<I", 1) + text(b"w")
    body += struct.pack("<IQQ", 2, 2, 1) + struct.pack("<2f", 0.5, -1)
    whole = b"NWCHECK1" + body
    write("checkpoint", "whole", whole + struct.pack("<I", zlib.crc32(whole)))
    write("checkpoint", "undressed", body)


if __name__ == "__main__":
    make_tapes()
    make_redfish()
    make_allocation()
    make_cgroups()
    make_sweep()
    make_snmp()
    make_numbers()
    make_ipmi()
    make_ipmi_broker()
    make_pm_counters()
    make_sites()
    make_journals()
    make_records()
    make_node_checkpoint()
    make_output()
    make_launches()
    make_wire()
    make_metrics_requests()
    make_workload_files()
