#!/usr/bin/env python3
"""Records page traces of real programs for ./bench residency, by valgrind's lackey.

`./bench residency --record [NAME…]`. A program runs once, natively, on an input made here, and lackey prints each
access that it makes:

    lackey  --every access-->  residency_lab lackey  --SAD, 4 frames-->  build/lab/raw/NAME.trace
    build/lab/raw/NAME.trace  --cut, SAD, 2.5 % of the footprint-->  lab/traces/NAME.xz

SAD (lab/reduction.hpp) leaves the faults of LRU and OPT as they are in any memory that ./bench residency tries. Policies
that see accessed bits only would notice a reduction for the smallest of them, 5 %: so it is for half of that. A trace
is cut to its first half until it takes at most MOST_BYTES here; it is then the trace of a program that was stopped.
A recording takes up to five minutes. Addresses differ from run to run, and with them a few references.
"""

import json
import lzma
import os
import random
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build"))
LAB = os.path.join(BUILD, "lab", "residency_lab")
RAW = os.path.join(BUILD, "lab", "raw")
INPUTS = os.path.join(BUILD, "lab", "inputs")
TRACES = os.path.join(ROOT, "lab", "traces")
OURS = os.path.join(ROOT, "build", "programs")

MOST_ACCESSES = 120_000_000
MOST_BYTES = 40_000

COMMON = """the of and a to in is you that it he was for on are as with his they at be this have from or one
had by word but not what all were we when your can said there use an each which she do how their if will up
other about out many then them these so some her would make like him into time has look two more write go
see number no way could people my than first water been call who oil its now find long down day did get come
made may part""".split()

SQL = """create table t(id integer primary key, a int, b text);
create index ta on t(a);
with recursive c(x) as (select 1 union all select x+1 from c where x<9000)
  insert into t select x,(x*7919)%10007,'row '||x||' of the table, with text of some length to fill pages' from c;
select count(*),sum(a) from t;
select a%10,count(*) from t group by 1 order by 2;
select count(*) from t t1 join t t2 on t1.a=t2.id where t1.id<3000;
update t set b=b||'!' where a%3=0;
select substr(b,1,5),max(a) from t where a between 100 and 3000 group by 1;
delete from t where a%7=0;
select count(*),sum(length(b)) from t;
"""

LUA = """local function tree(d) if d==0 then return {} end return {tree(d-1),tree(d-1)} end
local function count(t) if not t[1] then return 1 end return 1+count(t[1])+count(t[2]) end
local long=tree(11)
local words={}
for i=1,6000 do words['k'..(i*7919%6007)]=i end
local s=0
for r=1,3 do local t=tree(9) s=s+count(t) for k,v in pairs(words) do s=s+v end end
s=s+count(long)
local a={} for i=1,15000 do a[i]=(i*7919)%10007 end
table.sort(a)
print(s,a[1],a[#a])
"""

MATRIX = """#include <stdio.h>
enum { N = 220 };
static double a[N][N], b[N][N], c[N][N];
int main(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { a[i][j] = i + j; b[i][j] = i - j; }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) { double x = a[i][k]; for (int j = 0; j < N; j++) c[i][j] += x * b[k][j]; }
    printf("%g\\n", c[3][5]);
}
"""

PERL = """my %h; open F, $ARGV[0]; while (<F>) { $h{$_}++ for split; push @l, $_ } @l = sort @l;
print scalar(@l), " ", scalar(keys %h), "\\n" """

PYTHON = """import sys
d = {}
for l in open(sys.argv[1]):
    for w in l.split(): d[w] = d.get(w, 0) + 1
print(sorted(d.items(), key=lambda x: -x[1])[:3]); print(sum(hash(str(i)) for i in range(20000)))
"""

AWK = "{for(i=1;i<=NF;i++)c[$i]++} END{for(k in c)s+=c[k]*length(k); print s}"


def text(dice, count):
    """Words, some of them common, most of the others rare; twelve a line."""
    words = []
    for i in range(count):
        is_common = dice.random() < 0.7
        words.append(dice.choice(COMMON) if is_common else f"w{int(dice.paretovariate(0.7) % 20000)}")
        if i % 12 == 11:
            words.append("\n")
    return " ".join(words)


def make_inputs():
    """Writes what the programs read; the same on every host."""
    os.makedirs(INPUTS, exist_ok=True)
    dice = random.Random(1)
    names = "alpha beta gamma delta eps zeta".split()
    lines = [f"{dice.getrandbits(32):08x} {dice.choice(names)}\n" for _ in range(60_000)]
    rows = [
        {"id": i, "name": f"n{dice.randrange(1000)}", "v": [dice.random() for _ in range(4)]} for i in range(6000)
    ]
    contents = {
        "lines": "".join(lines),
        "fewer-lines": "".join(lines[:40_000]),
        "text": text(dice, 40_000),
        "rows.json": json.dumps(rows),
        "rows.sql": SQL,
        "script.lua": LUA,
        "matrix.c": MATRIX,
    }
    for name, content in contents.items():
        with open(os.path.join(INPUTS, name), "w", encoding="ascii") as file:
            file.write(content)
    subprocess.run(["gcc", "-O1", "-o", "matrix", "matrix.c"], cwd=INPUTS, check=True)


def ask_gcc(option):
    return subprocess.run(["gcc", option], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def recipes():
    """{name: command}, run in INPUTS. lua, gzip and zstd are the i386 programs that programs/build.py makes."""
    compiler = ask_gcc("-print-prog-name=cc1")
    library = ask_gcc("-print-libgcc-file-name")
    sources = os.path.join(ROOT, "tests", "programs")
    return {
        "sort": ["sort", "--buffer-size=16M", "fewer-lines"],
        "sqlite": ["sqlite3", ":memory:", ".read rows.sql"],
        "lua": [os.path.join(OURS, "lua-glibc"), "script.lua"],
        "awk": ["mawk", AWK, "text"],
        "cc1": [compiler, "-quiet", "-O1", "-o", "/dev/null", os.path.join(sources, "pipes.c"), "-I" + sources],
        "jq": ["jq", "map(.v|add)|add", "rows.json"],
        "gzip": [os.path.join(OURS, "gzip"), "-c", "lines"],
        "perl": ["perl", "-e", PERL, "text"],
        "python": ["/usr/bin/python3", "-S", "-c", PYTHON, "text"],
        "zstd": [os.path.join(OURS, "zstd"), "-q", "-7", "-c", "lines"],
        "diff": ["diff", "lines", "fewer-lines"],
        "matrix": ["./matrix"],
        "ld": ["ld", "-r", "-o", "/dev/null", "--whole-archive", library],
    }


def record(name, command):
    """Runs `command` under lackey; its trace is build/lab/raw/`name`.trace."""
    valgrind = ["valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=9", *command]
    # Only the log goes on: the program's own output would be read as accesses.
    shell = 'exec 9>&1 >/dev/null 2>/dev/null; exec "$@"'
    environment = {**os.environ, "LC_ALL": "C"}
    arguments = ["sh", "-c", shell, "sh", *valgrind]
    with subprocess.Popen(
        arguments, cwd=INPUTS, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as program:
        raw = os.path.join(RAW, f"{name}.trace")
        subprocess.run([LAB, "lackey", "4", str(MOST_ACCESSES), raw], stdin=program.stdout, check=True)
        program.stdout.close()  # A program that goes on past MOST_ACCESSES ends at its next line.
    return raw


def store(name, raw):
    """Cuts, reduces and compresses `raw` to lab/traces/`name`.xz."""
    most = os.path.getsize(raw) // 2
    reduced = os.path.join(RAW, f"{name}.reduced")
    while True:
        subprocess.run([LAB, "reduce", "25", str(most), raw, reduced], check=True)
        with open(reduced, "rb") as file:
            packed = lzma.compress(file.read(), preset=9 | lzma.PRESET_EXTREME)
        if len(packed) <= MOST_BYTES:
            break
        most //= 2
    with open(os.path.join(TRACES, f"{name}.xz"), "wb") as file:
        file.write(packed)
    print(f"{name}: {len(packed)} bytes", flush=True)


def main(names):
    os.makedirs(RAW, exist_ok=True)
    make_inputs()
    subprocess.run([sys.executable, os.path.join(ROOT, "programs", "build.py")], check=True)
    for name, command in recipes().items():
        if not names or name in names:
            store(name, record(name, command))


if __name__ == "__main__":
    main(sys.argv[1:])
