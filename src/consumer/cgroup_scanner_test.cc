#include "consumer/cgroup_scanner.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/host_memory.h"

namespace nw {
namespace {

const std::string kRoot = "/sys/fs/cgroup";

// A node as its kernel shows it, and jobs on it as Slurm makes their directories.
class CgroupSnapshotTest : public testing::Test {
 protected:
  CgroupSnapshotTest() {
    host_.set_file("/sys/devices/system/cpu/online", "0-3\n");
    host_.set_file("/proc/stat", "cpu  100 0 50 900 10 5 5 7 0 0\ncpu0 50 0 25 450 5 0 0 0 0 0\n");
    host_.set_file("/proc/meminfo", "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n");
  }

  // Of v1, below a slurmd's name in every controller: "slurm_n1/uid_1000/job_7".
  void add_v1(const std::string& job, const std::string& cpus = "0-1") {
    for (const char* controller : {"cpuacct", "memory", "cpuset", "devices", "freezer"})
      host_.set_file(kRoot + "/" + controller + "/" + job + "/cgroup.procs", "");
    host_.set_file(kRoot + "/cpuacct/" + job + "/cpuacct.usage", "5000000123\n");
    host_.set_file(kRoot + "/memory/" + job + "/memory.usage_in_bytes", "4096\n");
    host_.set_file(kRoot + "/memory/" + job + "/memory.limit_in_bytes", "9223372036854771712\n");
    host_.set_file(kRoot + "/cpuset/" + job + "/cpuset.cpus", cpus + "\n");
    host_.set_file(kRoot + "/devices/" + job + "/devices.list", "a *:* rwm\n");
  }
  void add_v1_step(const std::string& job, const std::string& step, const std::string& usage) {
    host_.set_file(kRoot + "/cpuacct/" + job + "/step_" + step + "/cpuacct.usage", usage + "\n");
    host_.set_file(kRoot + "/cpuacct/" + job + "/step_" + step + "/task_0/cgroup.procs", "41\n");
  }
  void remove_v1(const std::string& controller, const std::string& job) {
    for (const char* name : {"cgroup.procs", "cpuacct.usage", "memory.usage_in_bytes", "memory.limit_in_bytes",
                             "cpuset.cpus", "devices.list"})
      host_.remove_file(kRoot + "/" + controller + "/" + job + "/" + name);
  }

  // Of v2: "slurmstepd.scope/job_7".
  void add_v2(const std::string& job) {
    const std::string path = job.starts_with("../") ? kRoot + job.substr(2) : kRoot + "/system.slice/" + job;
    host_.set_file(path + "/cpu.stat", "usage_usec 5000000\nuser_usec 1\nsystem_usec 1\n");
    host_.set_file(path + "/memory.current", "4096\n");
    host_.set_file(path + "/memory.max", "max\n");
    host_.set_file(path + "/cpuset.cpus", "0-1,9\n");
    host_.set_file(path + "/cpuset.cpus.effective", "0-1\n");
    host_.set_file(path + "/cgroup.events", "populated 1\nfrozen 0\n");
  }
  void add_v2_step(const std::string& job, const std::string& step, const std::string& pids) {
    const std::string path = kRoot + "/system.slice/" + job + "/step_" + step;
    host_.set_file(path + "/cpu.stat", "usage_usec 1000\n");
    host_.set_file(path + "/slurm/cgroup.procs", "2\n");
    host_.set_file(path + "/user/cgroup.procs", "");
    host_.set_file(path + "/user/task_0/cgroup.procs", pids);
  }
  void add_process(const std::string& pid, const std::string& uid) {
    host_.set_file("/proc/" + pid + "/status", "Name:\tx\nUid:\t" + uid + "\t0\t0\t0\nGid:\t5\t5\t5\t5\n");
  }

  CgroupSnapshot take(CgroupScanner& taker) {
    CgroupSnapshot cgroups;
    taker.take(cgroups);
    return cgroups;
  }
  CgroupSnapshot take(const std::string& slurmd = {}) {
    CgroupScanner taker(host_, {kRoot, slurmd});
    return take(taker);
  }
  static std::string names(const CgroupSnapshot& cgroups) {
    std::string text;
    for (const CgroupUsage& job : cgroups.jobs) {
      text += job.slurmd + "/" + job.id;
      for (const StepCgroupUsage& step : job.steps) text += "." + step.id;
      text += " ";
    }
    return text;
  }
  std::string watched(const std::string& slurmd = {}) {
    CgroupScanner taker(host_, {kRoot, slurmd});
    take(taker);
    std::string text;
    for (const std::string& path : taker.directories()) text += path.substr(kRoot.size()) + " ";
    return text;
  }

  MemoryHost host_;
};

TEST_F(CgroupSnapshotTest, NodeWithoutSlurm) {
  const CgroupSnapshot cgroups = take();
  EXPECT_TRUE(cgroups.jobs.empty());
  EXPECT_EQ(cgroups.at, seconds(1));
  EXPECT_EQ(cgroups.cpus, 4u);
  EXPECT_EQ(cgroups.busy, millis(1600));  // neither idle and iowait nor what the hypervisor took
  EXPECT_EQ(cgroups.memory, 1000u * 1024);
  EXPECT_EQ(cgroups.memory_used, 600u * 1024);
  EXPECT_EQ(watched(), "");
}

TEST_F(CgroupSnapshotTest, WhatTheKernelDoesNotSayIsNotKnown) {
  host_.remove_file("/sys/devices/system/cpu/online");
  host_.set_file("/proc/meminfo", "MemTotal:  1000 kB\n");
  EXPECT_EQ(take().cpus, 1u);  // lines of /proc/stat
  EXPECT_EQ(take().memory_used, std::nullopt);
  host_.remove_file("/proc/stat");
  EXPECT_EQ(take().busy, std::nullopt);
  EXPECT_EQ(take().cpus, 0u);
}

TEST_F(CgroupSnapshotTest, VersionOne) {
  add_v1("slurm/uid_1000/job_7", "1,0,3");
  add_v1_step("slurm/uid_1000/job_7", "batch", "3000000000");
  add_v1_step("slurm/uid_1000/job_7", "0", "2000000000");
  host_.set_file(kRoot + "/devices/slurm/uid_1000/job_7/devices.list", "c 1:3 rwm\nc 195:2 rw\nc 195:255 rw\n");
  const CgroupSnapshot cgroups = take();
  ASSERT_EQ(cgroups.jobs.size(), 1u);
  CgroupUsage job;
  job.manager = "slurm";
  job.id = "7";
  job.uid = 1000;
  job.cpu = Nanos::of(5'000'000'123);
  job.memory = 4096;
  job.cpus = {0, 1, 3};
  job.device_nodes = std::vector<std::string>{"195:2", "195:255", "1:3"};
  job.steps = {{"0", seconds(2)}, {"batch", seconds(3)}};
  EXPECT_EQ(cgroups.jobs[0], job);
  EXPECT_EQ(watched(), "/cpuacct/slurm /cpuacct/slurm/uid_1000 /cpuacct/slurm/uid_1000/job_7 ");
}

TEST_F(CgroupSnapshotTest, VersionOneWithALimitAndWithoutAListOfDevices) {
  add_v1("slurm/uid_0/job_7");
  host_.set_file(kRoot + "/memory/slurm/uid_0/job_7/memory.limit_in_bytes", "314572800\n");
  host_.remove_file(kRoot + "/cpuset/slurm/uid_0/job_7/cpuset.cpus");
  const CgroupUsage job = take().jobs.at(0);
  EXPECT_EQ(job.uid, 0u);
  EXPECT_EQ(job.memory_limit, 314572800u);
  EXPECT_EQ(job.device_nodes, std::nullopt);
  EXPECT_TRUE(job.cpus.empty());
}

TEST_F(CgroupSnapshotTest, ControllersMountedTogether) {
  host_.set_file(kRoot + "/cpu,cpuacct/slurm/uid_1/job_7/cpuacct.usage", "17\n");
  EXPECT_EQ(take().jobs.at(0).cpu, Nanos::of(17));
  EXPECT_EQ(take().jobs.at(0).memory, std::nullopt);
}

TEST_F(CgroupSnapshotTest, SeveralSlurmdOfVersionOne) {
  add_v1("slurm_n1/uid_1/job_7");
  add_v1("slurm_n2/uid_1/job_7");
  add_v1("slurm_n2/uid_1/job_10");
  EXPECT_EQ(names(take()), "n1/7 n2/10 n2/7 ");
  EXPECT_EQ(names(take("n2")), "n2/10 n2/7 ");
  EXPECT_EQ(names(take("n3")), "");
  EXPECT_EQ(watched("n1"), "/cpuacct/slurm_n1 /cpuacct/slurm_n1/uid_1 /cpuacct/slurm_n1/uid_1/job_7 ");
  EXPECT_EQ(watched("n3"), "/cpuacct ");
  EXPECT_TRUE(watched().starts_with("/cpuacct /cpuacct/slurm_n1 "));  // a third may come
}

TEST_F(CgroupSnapshotTest, VersionTwo) {
  add_v2("slurmstepd.scope/job_7");
  add_v2_step("slurmstepd.scope/job_7", "0", "40\n41\n");
  add_v2_step("slurmstepd.scope/job_7", "extern", "");
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/system/cgroup.procs", "2\n");
  add_process("2", "0");
  add_process("40", "1000");
  CgroupUsage job;
  job.manager = "slurm";
  job.id = "7";
  job.uid = 1000;
  job.cpu = seconds(5);
  job.memory = 4096;
  job.cpus = {0, 1};
  job.steps = {{"0", millis(1)}, {"extern", millis(1)}};
  const CgroupSnapshot cgroups = take();
  ASSERT_EQ(cgroups.jobs.size(), 1u);
  EXPECT_EQ(cgroups.jobs[0], job);
  EXPECT_EQ(watched(), "/system.slice/slurmstepd.scope /system.slice/slurmstepd.scope/job_7 ");
}

TEST_F(CgroupSnapshotTest, VersionTwoConfinesWhereItHasAListOfItsOwn) {
  add_v2("slurmstepd.scope/job_7");
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/cpuset.cpus", "\n");
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/memory.max", "1048576\n");
  EXPECT_TRUE(take().jobs.at(0).cpus.empty());
  EXPECT_EQ(take().jobs.at(0).memory_limit, 1048576u);
}

TEST_F(CgroupSnapshotTest, SeveralSlurmdOfVersionTwo) {
  add_v2("n1_slurmstepd.scope/job_7");
  add_v2("n2_slurmstepd.scope/job_8");
  EXPECT_EQ(names(take()), "n1/7 n2/8 ");
  EXPECT_EQ(names(take("n2")), "n2/8 ");
  EXPECT_TRUE(watched("n3").ends_with("/system.slice "));
}

// As the node sees a slurmd that runs in a container: by the kubelet with systemd and without, v2.
TEST_F(CgroupSnapshotTest, SlurmdInAPod) {
  const std::string by_systemd =
      "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod252e517d_7722.slice/cri-containerd-9ab7.scope";
  const std::string by_itself = "kubepods/besteffort/pod9f1d/8c0e";
  add_v2("../" + by_systemd + "/system.slice/slurmstepd.scope/job_7");
  add_v2("../" + by_itself + "/system.slice/n2_slurmstepd.scope/job_8");
  add_v2("../" + by_itself + "/deeper/than/containers/system.slice/slurmstepd.scope/job_9");
  host_.set_file(kRoot + "/system.slice/cron.service/cgroup.procs", "");
  EXPECT_EQ(names(take()), "/7 n2/8 ");
  EXPECT_EQ(take().jobs.at(0).cpu, seconds(5));
}

TEST_F(CgroupSnapshotTest, SluidsAreJobsOnceTheyHaveAStep) {
  add_v2("slurmstepd.scope/s8FXKTA79XAR00");
  EXPECT_EQ(names(take()), "");
  EXPECT_NE(watched().find("/s8FXKTA79XAR00 "), std::string::npos);
  add_v2_step("slurmstepd.scope/s8FXKTA79XAR00", "batch", "");
  EXPECT_EQ(names(take()), "/s8FXKTA79XAR00.batch ");
  add_v1("slurm/uid_5/s8FXKTA79XAR11");
  add_v1_step("slurm/uid_5/s8FXKTA79XAR11", "0", "1");
  EXPECT_EQ(names(take()), "/s8FXKTA79XAR00.batch /s8FXKTA79XAR11.0 ");
}

TEST_F(CgroupSnapshotTest, UnifiedHierarchyOfAHybridIsNotSlurms) {
  host_.set_file(kRoot + "/cpuacct/cgroup.procs", "1\n");
  host_.set_file(kRoot + "/unified/system.slice/slurmstepd.scope/job_7/cpu.stat", "usage_usec 1\n");
  EXPECT_EQ(names(take()), "");
  EXPECT_EQ(watched(), "/cpuacct ");
}

TEST_F(CgroupSnapshotTest, WhereSlurmWillComeIsWatched) {
  host_.set_file(kRoot + "/cgroup.controllers", "cpu memory\n");
  EXPECT_EQ(watched(), " ");  // the mount
  host_.set_file(kRoot + "/system.slice/cron.service/cgroup.procs", "");
  EXPECT_EQ(watched(), "/system.slice ");
}

TEST_F(CgroupSnapshotTest, HostileNamesAreNoJobsAndNoSteps) {
  for (const std::string name : {"job_", "job_..", "job_7x", "job_ 7", "job_7\n", "job_07", "job_0", "job_-1", "JOB_7",
                                 "job_4294967296", "s8FXKTA79XAR0", "s8FXKTA79XAR/0", "s8FXKTA79XA\n00", "system"}) {
    host_.set_file(kRoot + "/cpuacct/slurm/uid_1/" + name + "/step_0/cpuacct.usage", "1\n");
    host_.set_file(kRoot + "/system.slice/slurmstepd.scope/" + name + "/step_0/cpu.stat", "usage_usec 1\n");
  }
  for (const char* user : {"uid_", "uid_1x", "uid_01", "uid_4294967296", "1"})
    host_.set_file(kRoot + "/cpuacct/slurm/" + std::string(user) + "/job_7/cpuacct.usage", "1\n");
  for (const char* slurm : {"slurm_", "slurm_a b", "slurm_\n", "slurmx", "slurm_.."})
    host_.set_file(kRoot + "/cpuacct/" + std::string(slurm) + "/uid_1/job_7/cpuacct.usage", "1\n");
  for (const char* scope : {"_slurmstepd.scope", "a b_slurmstepd.scope", "nslurmstepd.scope", "slurmstepd.scope2"})
    host_.set_file(kRoot + "/system.slice/" + std::string(scope) + "/job_7/cpu.stat", "usage_usec 1\n");
  EXPECT_EQ(names(take()), "");
  for (const char* step : {"step_", "step_..", "step_a b", "step_\n", "step_0+1", "step_interactive", "0"})
    host_.set_file(kRoot + "/cpuacct/slurm/uid_1/job_8/" + std::string(step) + "/cpuacct.usage", "1\n");
  EXPECT_EQ(names(take()), "/8.0+1.interactive ");
}

TEST_F(CgroupSnapshotTest, JobThatVanishes) {
  host_.set_file(kRoot + "/cpuacct/slurm/uid_1/job_7", "");  // listed, and gone when its own turn comes
  add_v1("slurm/uid_1/job_8");
  for (const std::string file :
       {"cpuacct/slurm/uid_1/job_8/cpuacct.usage", "memory/slurm/uid_1/job_8/memory.usage_in_bytes",
        "cpuset/slurm/uid_1/job_8/cpuset.cpus", "devices/slurm/uid_1/job_8/devices.list"})
    host_.set_error(kRoot + "/" + file, ErrorKind::absent);
  const CgroupSnapshot cgroups = take();
  ASSERT_EQ(names(cgroups), "/8 ");
  EXPECT_EQ(cgroups.jobs[0].cpu, std::nullopt);
  EXPECT_EQ(cgroups.jobs[0].memory, std::nullopt);
  EXPECT_EQ(cgroups.jobs[0].device_nodes, std::nullopt);
}

TEST_F(CgroupSnapshotTest, OwnerIsAskedForOnce) {
  const std::string job = "slurmstepd.scope/job_7";
  CgroupScanner taker(host_, {kRoot, ""});
  add_v2(job);
  EXPECT_EQ(take(taker).jobs.at(0).uid, std::nullopt);  // no process yet
  add_v2_step(job, "extern", "39\n");
  add_process("39", "0");
  add_v2_step(job, "0", "52\n51\n");
  EXPECT_EQ(take(taker).jobs.at(0).uid, std::nullopt);  // those of step 0 have gone, the other is root's
  add_process("51", "1000");
  add_process("52", "1001");
  EXPECT_EQ(take(taker).jobs.at(0).uid, 1000u);  // the older one
  host_.remove_file("/proc/51/status");
  EXPECT_EQ(take(taker).jobs.at(0).uid, 1000u);
  for (const char* name :
       {"/cpu.stat", "/memory.current", "/memory.max", "/cpuset.cpus", "/cpuset.cpus.effective", "/cgroup.events",
        "/step_0/cpu.stat", "/step_0/slurm/cgroup.procs", "/step_0/user/cgroup.procs",
        "/step_0/user/task_0/cgroup.procs", "/step_extern/cpu.stat", "/step_extern/slurm/cgroup.procs",
        "/step_extern/user/cgroup.procs", "/step_extern/user/task_0/cgroup.procs"})
    host_.remove_file(kRoot + "/system.slice/" + job + name);
  EXPECT_EQ(names(take(taker)), "");
  add_v2(job);
  add_v2_step(job, "0", "52\n");
  EXPECT_EQ(take(taker).jobs.at(0).uid, 1001u);  // another job of that number: nothing is remembered
}

TEST_F(CgroupSnapshotTest, RootsJobIsRootsAfterAWhile) {
  CgroupScanner taker(host_, {kRoot, ""});
  add_v2("slurmstepd.scope/job_7");
  add_v2_step("slurmstepd.scope/job_7", "0", "51\n");
  add_process("51", "0");
  EXPECT_EQ(take(taker).jobs.at(0).uid, std::nullopt);  // not yet its user's, perhaps
  host_.advance(seconds(10));
  EXPECT_EQ(take(taker).jobs.at(0).uid, 0u);
  add_process("51", "1000");
  EXPECT_EQ(take(taker).jobs.at(0).uid, 1000u);
}

// A user's own directory below his step's prevents Slurm from removing the job's.
TEST_F(CgroupSnapshotTest, AbandonedDirectoryIsNoJobUntilItHasAProcess) {
  const std::string job = "slurm/uid_1000/job_7";
  add_v1(job);
  add_v1_step(job, "0", "1");
  CgroupScanner taker(host_, {kRoot, ""});
  const auto at_last = [&] {
    host_.advance(seconds(1));  // for this long a process that was seen counts
    take(taker);
    host_.advance(kAbandoned);
    return names(take(taker));
  };
  EXPECT_EQ(at_last(), "/7.0 ");  // it sleeps
  host_.set_file(kRoot + "/cpuacct/" + job + "/step_0/task_0/cgroup.procs", "");
  EXPECT_EQ(names(take(taker)), "/7.0 ");
  EXPECT_EQ(at_last(), "");
  host_.set_file(kRoot + "/cpuacct/" + job + "/cpuacct.usage", "5000000124\n");  // it came and went just now
  EXPECT_EQ(names(take(taker)), "/7.0 ");
  EXPECT_EQ(at_last(), "");
  host_.set_file(kRoot + "/cpuacct/" + job + "/step_0/a.b/hidden/cgroup.procs", "51\n");
  EXPECT_EQ(at_last(), "/7.0 ");
  host_.remove_file(kRoot + "/cpuacct/" + job + "/step_0/a.b/hidden/cgroup.procs");
  EXPECT_EQ(at_last(), "");
  for (int i = 0; i < 300; ++i)
    host_.set_file(kRoot + "/cpuacct/" + job + "/step_0/" + std::to_string(i) + "/cgroup.procs", "");
  EXPECT_EQ(at_last(), "/7.0 ");  // too many directories to search
}

TEST_F(CgroupSnapshotTest, AbandonedDirectoryOfVersionTwo) {
  add_v2("slurmstepd.scope/job_7");
  CgroupScanner taker(host_, {kRoot, ""});
  take(taker);
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/cgroup.events", "populated 0\n");
  host_.advance(seconds(1));
  EXPECT_EQ(names(take(taker)), "/7 ");
  host_.advance(kAbandoned);
  EXPECT_EQ(names(take(taker)), "");
}

// At a job's end its directories go one after another; the first to go ends it.
TEST_F(CgroupSnapshotTest, OneControllerSaysWhichJobsThereAre) {
  add_v1("slurm/uid_1/job_7");
  add_v1("slurm/uid_1/job_8");
  CgroupScanner taker(host_, {kRoot, ""});
  EXPECT_EQ(names(take(taker)), "/7 /8 ");
  remove_v1("cpuacct", "slurm/uid_1/job_7");
  EXPECT_EQ(names(take(taker)), "/8 ");
  remove_v1("cpuacct", "slurm/uid_1/job_8");
  host_.set_file(kRoot + "/cpuacct/slurm/cpuacct.usage", "1\n");
  EXPECT_EQ(names(take(taker)), "");
}

TEST_F(CgroupSnapshotTest, EmptyDirectoryOfAnEarlierConfigurationDoesNotHideJobs) {
  host_.set_file(kRoot + "/cpuacct/slurm/cpuacct.usage", "1\n");
  host_.set_file(kRoot + "/freezer/slurm/uid_1/job_7/step_0/cgroup.procs", "51\n");
  CgroupScanner taker(host_, {kRoot, ""});
  EXPECT_EQ(names(take(taker)), "");
  host_.advance(seconds(10));
  const CgroupSnapshot cgroups = take(taker);
  EXPECT_EQ(names(cgroups), "/7.0 ");
  EXPECT_EQ(cgroups.jobs.at(0).uid, 1u);
  EXPECT_EQ(cgroups.jobs.at(0).cpu, std::nullopt);
  host_.remove_file(kRoot + "/cpuacct/slurm/cpuacct.usage");
  EXPECT_EQ(names(take()), "/7.0 ");  // where there is no other, at once
  host_.set_file(kRoot + "/cpuacct/cpuacct.usage", "1\n");
  EXPECT_EQ(watched(), "/cpuacct /freezer/slurm /freezer/slurm/uid_1 /freezer/slurm/uid_1/job_7 ");
}

TEST_F(CgroupSnapshotTest, MountMayLieAnywhere) {
  host_.set_file("/slurm/uid_1/cpuacct/slurm/uid_2/job_7/cpuacct.usage", "17\n");
  CgroupScanner taker(host_, {"/slurm/uid_1", ""});
  EXPECT_EQ(take(taker).jobs.at(0).cpu, Nanos::of(17));
  EXPECT_EQ(take(taker).jobs.at(0).uid, 2u);
}

TEST_F(CgroupSnapshotTest, ProcessIsFoundInItsJobAndStep) {
  add_v2("slurmstepd.scope/job_7");
  add_v2_step("slurmstepd.scope/job_7", "0", "40\n");
  add_v2_step("slurmstepd.scope/job_7", "01", "45\n");
  add_v2("n1_slurmstepd.scope/job_8");
  add_v2_step("n1_slurmstepd.scope/job_8", "batch", "50\n");
  add_process("40", "1000");
  add_process("50", "1001");
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/step_0/user/task_0/a.b/own/cgroup.procs", "44\n");
  host_.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/other/cgroup.procs", "46\n");
  CgroupScanner scanner(host_, {kRoot, ""});
  EXPECT_EQ(scanner.find_process(40, 1000), std::nullopt) << "no snapshot yet";
  take(scanner);
  EXPECT_EQ(scanner.find_process(40, 1000), (FoundProcess{"slurm", "", "7", "0"}));
  EXPECT_EQ(scanner.find_process(44, 1000), (FoundProcess{"slurm", "", "7", "0"})) << "in a directory of its own";
  EXPECT_EQ(scanner.find_process(45, 1000), (FoundProcess{"slurm", "", "7", "01"}));
  EXPECT_EQ(scanner.find_process(46, 1000), (FoundProcess{"slurm", "", "7", ""})) << "outside all steps";
  EXPECT_EQ(scanner.find_process(50, 1001), (FoundProcess{"slurm", "n1", "8", "batch"}));
  EXPECT_EQ(scanner.find_process(50, 1000), std::nullopt) << "another user's";
  EXPECT_EQ(scanner.find_process(41, 1000), std::nullopt);
  EXPECT_EQ(scanner.find_process(4, 1000), std::nullopt);
}

TEST_F(CgroupSnapshotTest, ProcessIsFoundInVersionOne) {
  add_v1("slurm/uid_1000/job_7");
  add_v1_step("slurm/uid_1000/job_7", "batch", "1");
  add_v1("slurm_n1/uid_0/job_9");
  add_v1_step("slurm_n1/uid_0/job_9", "0", "1");
  host_.set_file(kRoot + "/cpuacct/slurm_n1/uid_0/job_9/step_0/task_0/deep/cgroup.procs", "7\n8\n");
  CgroupScanner scanner(host_, {kRoot, ""});
  take(scanner);
  EXPECT_EQ(scanner.find_process(41, 1000), (FoundProcess{"slurm", "", "7", "batch"}));
  EXPECT_EQ(scanner.find_process(8, 0), (FoundProcess{"slurm", "n1", "9", "0"}));
  EXPECT_EQ(scanner.find_process(8, 1000), std::nullopt);
}

// A user may make as many directories as he likes; whom that hides is he himself.
TEST_F(CgroupSnapshotTest, SearchForAProcessIsBounded) {
  add_v1("slurm/uid_1/job_8");
  add_v1_step("slurm/uid_1/job_8", "0", "1");
  add_v1("slurm/uid_1000/job_7");
  add_v1_step("slurm/uid_1000/job_7", "0", "1");
  for (int i = 0; i < 600; ++i)
    host_.set_file(kRoot + "/cpuacct/slurm/uid_1000/job_7/step_0/" + std::to_string(i) + "/cgroup.procs", "");
  host_.set_file(kRoot + "/cpuacct/slurm/uid_1000/job_7/step_0/x.y/cgroup.procs", "99\n");
  CgroupScanner scanner(host_, {kRoot, ""});
  take(scanner);
  EXPECT_EQ(scanner.find_process(99, 1000), std::nullopt);
  EXPECT_EQ(scanner.find_process(41, 1), (FoundProcess{"slurm", "", "8", "0"}));
}

}  // namespace
}  // namespace nw
