// Invented trees of cgroups as kubelets and runtimes make them.
#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "consumer/cgroup_scanner.h"
#include "consumer/finder.h"

namespace nw {
namespace {

using namespace std::string_literals;

const std::string kRoot = "/sys/fs/cgroup";
const std::string kUid = "252e517d-7722-4f5a-9d39-0a1b2c3d4e5f", kEscaped = "252e517d_7722_4f5a_9d39_0a1b2c3d4e5f";
const std::string kSlice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kEscaped + ".slice";

std::string id_of(char digit) { return std::string(64, digit); }

class KubernetesTest : public testing::Test {
 protected:
  void add_v2(const std::string& path, const std::string& pids = "") {
    host_.set_file(kRoot + path + "/cpu.stat", "usage_usec 5000000\n");
    host_.set_file(kRoot + path + "/cgroup.procs", pids);
  }
  // A pod with one container, by systemd.
  void add_pod(const std::string& pids = "41\n") {
    add_v2(kSlice);
    host_.set_file(kRoot + kSlice + "/memory.current", "4096\n");
    host_.set_file(kRoot + kSlice + "/memory.max", "8192\n");
    add_v2(kSlice + "/cri-containerd-" + id_of('a') + ".scope", pids);
  }
  void add_process(const std::string& pid, const std::string& uid) {
    host_.set_file("/proc/" + pid + "/status", "Uid:\t" + uid + "\t0\t0\t0\n");
  }
  CgroupSnapshot take(CgroupScanner& scanner) {
    CgroupSnapshot cgroups;
    scanner.take(cgroups);
    return cgroups;
  }
  CgroupSnapshot take() {
    CgroupScanner scanner(host_, {});
    return take(scanner);
  }
  static std::string names(const CgroupSnapshot& cgroups) {
    std::string text;
    for (const CgroupUsage& job : cgroups.jobs) {
      text += job.manager + ":" + job.id;
      for (const StepCgroupUsage& step : job.steps) text += "." + step.id;
      text += " ";
    }
    return text;
  }

  MemoryHost host_;
  const std::string pod_ = "kubernetes:" + kUid;
};

TEST_F(KubernetesTest, PodIsAJobAndItsContainersAreSteps) {
  add_pod();
  add_process("41", "1000");
  add_v2(kSlice + "/crio-" + id_of('9') + ".scope");
  add_v2(kSlice + "/crio-conmon-" + id_of('9') + ".scope");
  const CgroupSnapshot cgroups = take();
  ASSERT_EQ(cgroups.jobs.size(), 1U);
  CgroupUsage pod;
  pod.manager = "kubernetes";
  pod.id = kUid;
  pod.uid = 1000;
  pod.cpu = seconds(5);
  pod.memory = 4096;
  pod.memory_limit = 8192;
  pod.steps = {{"999999999999", seconds(5)}, {"aaaaaaaaaaaa", seconds(5)}};
  EXPECT_EQ(cgroups.jobs[0], pod);
}

TEST_F(KubernetesTest, EveryClassDriverAndRuntime) {
  const std::string of[] = {"00000000-0000-0000-0000-00000000000", "00000000_0000_0000_0000_00000000000"};
  add_v2("/kubepods.slice/kubepods-pod" + of[1] + "1.slice/docker-" + id_of('1') + ".scope");
  add_v2("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + of[1] + "2.slice");
  add_v2("/kubepods/pod" + of[0] + "3/" + id_of('3'));
  add_v2("/kubepods/burstable/pod" + of[0] + "4/crio-" + id_of('4'));
  add_v2("/kubepods/besteffort/pod0123456789abcdef0123456789abcdef/" + id_of('5'));  // of a file: a static pod
  EXPECT_EQ(names(take()), "kubernetes:" + of[0] + "1.111111111111 kubernetes:" + of[0] + "2 kubernetes:" + of[0] +
                               "3.333333333333 kubernetes:" + of[0] +
                               "4.444444444444 kubernetes:0123456789abcdef0123456789abcdef.555555555555 ");
}

TEST_F(KubernetesTest, VersionOne) {
  const std::string pod = "/kubepods/burstable/pod" + kUid, container = pod + "/" + id_of('b');
  for (const char* controller : {"/cpu,cpuacct", "/memory", "/cpuset", "/devices"})
    host_.set_file(kRoot + controller + container + "/cgroup.procs", "41\n");
  host_.set_file(kRoot + "/cpu,cpuacct" + pod + "/cpuacct.usage", "17\n");
  host_.set_file(kRoot + "/cpu,cpuacct" + container + "/cpuacct.usage", "12\n");
  host_.set_file(kRoot + "/memory" + pod + "/memory.usage_in_bytes", "4096\n");
  host_.set_file(kRoot + "/cpuset" + pod + "/cpuset.cpus", "0-3\n");
  host_.set_file(kRoot + "/devices" + pod + "/devices.list", "a *:* rwm\n");
  add_process("41", "1000");
  CgroupUsage job;
  job.manager = "kubernetes";
  job.id = kUid;
  job.uid = 1000;
  job.cpu = Nanos::of(17);
  job.memory = 4096;
  job.cpus = {0, 1, 2, 3};
  job.steps = {{"bbbbbbbbbbbb", Nanos::of(12)}};
  const CgroupSnapshot cgroups = take();
  ASSERT_EQ(cgroups.jobs.size(), 1U) << "once, not by each controller";
  EXPECT_EQ(cgroups.jobs[0], job);
  host_.set_file(kRoot + "/cpu,cpuacct/kubepods.slice/kubepods-pod" + kEscaped + ".slice/cpuacct.usage", "1\n");
  EXPECT_EQ(take().jobs.size(), 2U) << "systemd's driver has the same below each controller";
}

TEST_F(KubernetesTest, HostileNamesAreNoPodsAndNoContainers) {
  for (const std::string& name : std::vector<std::string>{
           "pod", "pod.", "pod..", "pod" + kUid + "x", "pod" + kUid.substr(1), "pod-" + kUid.substr(1), "Pod" + kUid,
           "pod" + kEscaped, "pod252E517D-7722-4f5a-9d39-0a1b2c3d4e5f", "pod252e517d77224f5a9d390a1b2c3d4e5f\n",
           "pod252e5177d-722-4f5a-9d39-0a1b2c3d4e5f", "pod252e517d-7722-4f5a-9d39-0a1b2c3d4e5\x1b", kUid,
           "pod" + std::string(36, '-'), "pod" + std::string(36, '\xff')})
    add_v2("/kubepods/besteffort/" + name + "/" + id_of('1'));
  for (const std::string& name :
       {"kubepods-pod" + kUid + ".slice", "kubepods-pod" + kEscaped, "kubepods-burstable-pod" + kEscaped + ".slice",
        "pod" + kEscaped + ".slice", std::string("kubepods-pod.slice"), std::string("kubepods-po.slice")})
    add_v2("/kubepods.slice/" + name);
  add_v2("/kubepods.slice/kubepods-other.slice/kubepods-other-pod" + kEscaped + ".slice");
  add_v2("/kubepods/burstable/deeper/pod" + kUid);
  add_v2("/system.slice/kubepods/pod" + kUid);
  EXPECT_EQ(names(take()), "");
  add_v2(kSlice);
  for (const std::string name : {"x", "aa", "cri-containerd-.scope", "cri-containerd-aa.scope"})
    add_v2(kSlice + "/" + name);
  for (const std::string& name : {id_of('g'), id_of('A'), id_of('a') + "a", "crio-crio-" + id_of('a') + ".scope",
                                  "other-" + id_of('a') + ".scope", id_of('a').substr(1) + "\n"})
    add_v2(kSlice + "/" + name);
  EXPECT_EQ(names(take()), pod_ + " ");
  add_v2(kSlice + "/" + id_of('a'));
  add_v2(kSlice + "/docker-" + id_of('a').substr(1) + "b.scope");  // alike in the digits that are kept
  EXPECT_EQ(names(take()), pod_ + ".aaaaaaaaaaaa ");
}

// Pause has a user of its own, and is older than the pod's programs.
TEST_F(KubernetesTest, OwnerIsWhoeverItsProgramsRunAs) {
  add_pod("44\n");
  add_v2(kSlice + "/cri-containerd-" + id_of('0') + ".scope", "41\n");
  add_process("41", "65535");
  CgroupScanner scanner(host_, {});
  EXPECT_EQ(take(scanner).jobs.at(0).uid, std::nullopt);
  add_process("44", "0");
  EXPECT_EQ(take(scanner).jobs.at(0).uid, std::nullopt) << "not yet its user's, perhaps";
  host_.advance(seconds(10));
  EXPECT_EQ(take(scanner).jobs.at(0).uid, 0U);
  add_process("44", "1000");
  EXPECT_EQ(take(scanner).jobs.at(0).uid, 0U) << "pods of root are many: it is not looked at each time";
  host_.advance(seconds(10));
  EXPECT_EQ(take(scanner).jobs.at(0).uid, 1000U);
}

TEST_F(KubernetesTest, OwnerThatCannotBeReadIsLookedForSeldom) {
  add_pod();
  CgroupScanner scanner(host_, {});
  take(scanner);
  host_.advance(seconds(10));
  EXPECT_EQ(take(scanner).jobs.at(0).uid, std::nullopt);
  add_process("41", "1000");
  EXPECT_EQ(take(scanner).jobs.at(0).uid, std::nullopt);
  host_.advance(seconds(10));
  EXPECT_EQ(take(scanner).jobs.at(0).uid, 1000U);
}

// What a program states of Slurm's GPUs is believed of Slurm's jobs alone.
TEST_F(KubernetesTest, NoPodIsAskedForSlurmsGpus) {
  add_pod();
  host_.set_file("/proc/41/environ", "SLURM_JOB_SLUID=" + kUid + "\0SLURM_JOB_GPUS=0\0"s);
  EXPECT_EQ(take().jobs.at(0).gpus_said, std::nullopt);
}

TEST_F(KubernetesTest, PodWithASlurmdIsSlurms) {
  const std::string container = kSlice + "/cri-containerd-" + id_of('a') + ".scope";
  add_pod();
  CgroupScanner scanner(host_, {});
  EXPECT_EQ(names(take(scanner)), pod_ + ".aaaaaaaaaaaa ") << "nothing shows it yet";
  add_v2(container + "/system.slice/slurmstepd.scope/system");
  host_.advance(seconds(10));
  EXPECT_EQ(names(take(scanner)), "") << "also while it has no job";
  add_v2(container + "/system.slice/slurmstepd.scope/job_7");
  EXPECT_EQ(names(take(scanner)), "slurm:7 ");
  host_.remove_file(kRoot + container + "/system.slice/slurmstepd.scope/job_7/cpu.stat");
  host_.remove_file(kRoot + container + "/system.slice/slurmstepd.scope/job_7/cgroup.procs");
  host_.remove_file(kRoot + container + "/system.slice/slurmstepd.scope/system/cpu.stat");
  host_.remove_file(kRoot + container + "/system.slice/slurmstepd.scope/system/cgroup.procs");
  host_.advance(seconds(10));
  EXPECT_EQ(names(take(scanner)), "") << "its slurmd starts again";
}

// The two searches need not see it at the same time.
TEST_F(KubernetesTest, OfTwoJobsInEachOtherTheInnerOneCounts) {
  const std::string container = kSlice + "/cri-containerd-" + id_of('a') + ".scope";
  CgroupScanner scanner(host_, {});
  host_.set_file(kRoot + "/kubepods.slice/cgroup.procs", "");
  take(scanner);
  host_.advance(seconds(5));
  add_pod();
  take(scanner);  // the pod is looked at, Slurm's search is due in 5 s
  add_v2(container + "/system.slice/slurmstepd.scope/job_7");
  host_.advance(seconds(5));
  EXPECT_EQ(names(take(scanner)), "slurm:7 ");
}

TEST_F(KubernetesTest, SystemdInAPodIsNoSlurmd) {
  add_pod();
  add_v2(kSlice + "/cri-containerd-" + id_of('a') + ".scope/system.slice/cron.service");
  EXPECT_EQ(names(take()), pod_ + ".aaaaaaaaaaaa ");
}

TEST_F(KubernetesTest, DaemonOfOneSlurmdOfSeveralHasNoPods) {
  add_pod();
  CgroupScanner scanner(host_, {kRoot, "n1"});
  EXPECT_EQ(names(take(scanner)), "");
}

TEST_F(KubernetesTest, WherePodsAndContainersComeIsWatched) {
  add_pod();
  CgroupScanner scanner(host_, {});
  take(scanner);
  std::string text;
  for (const std::string& path : scanner.directories()) text += path.substr(kRoot.size()) + " ";
  EXPECT_EQ(text, "/kubepods.slice /kubepods.slice/kubepods-burstable.slice " + kSlice + " ");
}

TEST_F(KubernetesTest, ProcessOfAContainer) {
  add_pod();
  add_process("41", "1000");
  add_v2(kSlice + "/cri-containerd-" + id_of('a') + ".scope/nested/deeper", "50\n");
  CgroupScanner scanner(host_, {});
  take(scanner);
  EXPECT_EQ(scanner.find_process(50, 1000), (FoundProcess{"kubernetes", "", kUid, "aaaaaaaaaaaa"}));
  EXPECT_EQ(scanner.find_process(51, 1000), std::nullopt);
}

// A machine that counts how many directories are listed.
class CountingHost : public MemoryHost {
 public:
  Result<std::vector<std::string>> list(const std::string& path) override {
    ++listed;
    return MemoryHost::list(path);
  }
  int listed = 0;
};

TEST(Finders, WhatIsNotThereCostsNothing) {
  CountingHost host;
  host.set_file(kRoot + "/system.slice/slurmstepd.scope/job_7/step_0/cpu.stat", "");
  host.set_file(kRoot + "/cpuacct/slurm/uid_1/job_8/step_0/cpuacct.usage", "");
  const auto slurm = make_slurm_finder(host, {}), kubernetes = make_kubernetes_finder(host, {});
  CgroupTree tree{kRoot, {"cpuacct", "system.slice"}, {{&JobCgroups::cpu, kRoot + "/cpuacct", {"slurm"}}}};
  EXPECT_EQ(slurm->find(tree, seconds(1)).jobs.size(), 2U);
  host.listed = 0;
  EXPECT_TRUE(kubernetes->find(tree, seconds(1)).jobs.empty());
  EXPECT_EQ(host.listed, 0);
  JobCgroupFinder all(host, {});
  all.find(seconds(1));
  EXPECT_EQ(host.listed, 8) << "the mount, a controller, and of each version two or three levels of directories";
}

}  // namespace
}  // namespace nw
