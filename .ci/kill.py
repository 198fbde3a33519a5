#!/usr/bin/env python3
"""Kill the program at random moments: kill.py TREFOIL WORK [SEED [COLLECTIONS [OTHERS [SECONDS]]]].

Each round starts collect, audit --store, test or report and kills it with SIGKILL some way into it: so many
collections (collect and audit --store), and so many of the others. After each kill there must be no run or a whole
one, which verifies and has a coverage row for each operation that a run let alone has, no workbook or a whole one,
and nothing that is in the way of the next command. What is drawn follows from SEED, which is printed. Nothing here
needs a network: the endpoint of the engagement refuses every connection, which is enough for runs full of refusals.
"""
import glob, json, os, random, shutil, subprocess, sys, time

trefoil, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
wanted = {"collections": int(sys.argv[4]) if len(sys.argv) > 4 else 200, "others": int(sys.argv[5]) if len(sys.argv) > 5 else 60}
seconds = float(sys.argv[6]) if len(sys.argv) > 6 else 800
draw = random.Random(seed)
print("seed", seed)

shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
env = {"PATH": os.environ["PATH"], "HOME": work, "XDG_CONFIG_HOME": work + "/config", "TMPDIR": work + "/tmp",
       "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
os.mkdir("tmp")
open("pass", "w").write("correct horse\n")
os.chmod("pass", 0o600)
key = ["-c", "e/engagement.yaml", "--passphrase-file", "pass"]


def call(*args, want=(0,)):
    p = subprocess.run([trefoil, *args], env=env, capture_output=True, text=True, timeout=120)
    if p.returncode not in want:
        sys.exit(f"{' '.join(args)}: exit {p.returncode}, want {want}\n{p.stdout[-2000:]}{p.stderr[-2000:]}")
    return p.stdout


def kill(args, usual):
    """Starts a command, kills it at a random moment, and says whether it was still at work."""
    p = subprocess.Popen([trefoil, *args], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        p.wait(draw.uniform(0, 1.05) * usual)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, 9)
        p.wait()
        return True


def timed(*args, want=(0,)):
    begin = time.monotonic()
    call(*args, want=want)
    return time.monotonic() - begin


def verifies(run, *more):
    call("verify", "--trust", "e/trust.yaml", *more, run)


call("init", "e", "--key", "e", "--passphrase-file", "pass")
open("e/engagement.yaml", "w").write("""name: killed
auditor: Example Assurance LLP
auditee: Example Limited
aws:
  - {accounts: ["111122223333"], role: TrefoilAudit, regions: [eu-west-1]}
overrides: {aws_endpoint: "http://127.0.0.1:9"}
signing: {key: e, timestamp: none}
files: {register: register.yaml, roster: roster.csv, waivers: waivers.yaml}
""")

# How long each command takes, undisturbed: kills fall anywhere within.
usual = {"collect": timed("collect", *key, "-o", "run"), "test": timed("test", *key, "run", want=(3,))}
usual["report"] = timed("report", *key, "-o", "report.xlsx", "run")
usual["store"] = timed("audit", *key, "--store", "store", want=(3,))
judged = os.listdir("run/judgements")[0]


def rows(run):
    """How many coverage rows of each status a run has."""
    return json.loads(call("coverage", "--json", run))["counts"]


planned = rows("run")


def whole_run(run):
    """A run that stands must be all that was asked: it verifies, and lacks nothing."""
    verifies(run)
    if rows(run) != planned:
        sys.exit(f"{run} verifies and lacks something: {rows(run)}, want {planned}")


done, whole, begin = {"collections": 0, "others": 0}, 0, time.monotonic()
sorts = {"collect": "collections", "store": "collections", "test": "others", "report": "others"}
while todo := [what for what in usual if done[sorts[what]] < wanted[sorts[what]]]:
    if time.monotonic() - begin > seconds:
        sys.exit(f"only {done} kills in {seconds:.0f} s")
    what = draw.choice(todo)
    args = {"collect": ["collect", *key, "-o", "new"], "test": ["test", *key, "run"],
            "report": ["report", *key, "--judgement", judged, "-o", "report.xlsx", "run"], "store": ["audit", *key, "--store", "store"]}[what]
    if kill(args, usual[what]):
        done[sorts[what]] += 1
    if what == "collect" and os.path.lexists("new"):
        whole_run("new")
        shutil.rmtree("new")
        whole += 1
    elif what == "test":
        verifies("run")
    elif what == "report" and os.path.lexists("report.xlsx"):
        verifies("run", "--report", "report.xlsx")
    elif what == "store":
        runs = sorted(glob.glob("store/*Z"))
        whole_run(runs[-1])
        for old in runs[:-2]:  # keep the folder small
            shutil.rmtree(old)

# Nothing is in the way of a command that is let alone, and what the crashes left is cleared.
call("collect", *key, "-o", "new")
call("test", *key, "run", want=(3,))
call("report", *key, "--judgement", judged, "-o", "report.xlsx", "run")
time.sleep(1)  # runs of a store are named by their second
call("audit", *key, "--store", "store", want=(3,))
for run in ["new", "run", *glob.glob("store/*Z")]:
    verifies(run, "--reperform")
verifies("run", "--report", "report.xlsx")
left = glob.glob("*.tmp-*") + glob.glob(".*.tmp-*") + glob.glob("store/*.tmp-*")
if left:
    sys.exit(f"left behind: {left}")
print(f"{done['collections']} collections killed, {done['others']} others; {whole} killed collections had left a whole run, which verifies; the rest left none")
