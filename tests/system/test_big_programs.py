"""Programs that others wrote print in PrimitiveOS, byte for byte, what they print on this host's Linux. F4"""

import hashlib
import os
import random
import tempfile
import unittest

import programs
from guest import GuestTest, run

DATA_BYTES = 20_000_000

SQL = """\
create table t(id integer primary key, a integer, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
    insert into t select i, (i * 7919) % 10007, printf('row %06d %s', i, hex(i * i)), i / 7.0 from n;
create index t_a on t(a, b);
select count(*), sum(a), min(b), max(b), round(sum(c), 3) from t;
select a, count(*), group_concat(id, '+') from t where a < 5 group by a order by a;
begin;
update t set b = upper(b) || a where id % 3 = 0;
delete from t where id % 5 = 0;
savepoint s;
delete from t;
rollback to s;
commit;
select id, b from t order by b desc, id limit 20;
select t1.id, t2.id from t t1 join t t2 on t1.a = t2.a and t1.id < t2.id order by 1, 2 limit 10;
with recursive fib(n, x, y) as (select 1, 0, 1 union all select n + 1, y, x + y from fib where n < 80)
    select group_concat(x) from fib;
select length(zeroblob(1000000)), hex(substr(cast(b as blob), 1, 8)) from t limit 3;
vacuum;
pragma integrity_check;
select count(*), sum(length(b)) from t;
"""

LUA = """\
local function tree(depth)
    if depth == 0 then return {} end
    return {tree(depth - 1), tree(depth - 1)}
end
local function count(node) return node[1] and 1 + count(node[1]) + count(node[2]) or 1 end
for depth = 4, 15, 2 do print("tree", depth, count(tree(depth))) end

local words, seed = {}, 42
for i = 1, 60000 do
    seed = (seed * 1103515245 + 12345) % 2147483648
    words[i] = string.format("%08x", seed):rep(1 + i % 3)
end
table.sort(words)
print(words[1], words[30000], words[60000])
local parts = {}
for i = 1, #words, 100 do parts[#parts + 1] = words[i]:sub(1, 3) end
print(#table.concat(parts, ","), table.concat(parts, ","):sub(1, 60))

local text = ("the quick brown fox "):rep(20000)
print(select(2, text:gsub("%w+", string.upper)), #text:reverse())
local sum = 0.0
for i = 1, 300000 do sum = sum + math.sin(i) * math.sqrt(i) end
print(string.format("%.10g", sum), 7 // 2, 7 % -3, 2^53, 1e15, 0.1)
local co = coroutine.wrap(function() for i = 1, 10000 do coroutine.yield(i) end return -1 end)
local total = 0
repeat local v = co(); total = total + v until v == -1
print(total)
print(pcall(error, {1}) , select('#', pcall(string.rep, "x", -1)))
local big = {}
for round = 1, 5 do
    for i = 1, 100000 do big[i] = {i, tostring(i)} end
    collectgarbage()
end
print(#big, big[99999][2])
print(io.read("l"), io.read("n"), io.read("a"))
"""

SHELL = """\
f() { local x=$1; [ $x -le 1 ] && { echo 1; return; }; echo $((x * $(f $((x - 1))))); }
f 10
for i in 1 2 3; do echo "$i"; done | while read -r line; do echo "<$line>"; done
x=$(printf '%s\\n' c a b | sort | tr '\\n' ,); echo "$x ${#x}"
case $x in a*) echo begins ;; *) echo not ;; esac
cat <<END
here $x
END
echo one > /tmp/file; echo two >> /tmp/file; cat < /tmp/file; rm /tmp/file
(exit 7); echo $?
true && ! false && echo fine
sleep 0.01 & wait $!; echo waited $?
trap 'echo trapped' USR1; kill -USR1 $$; echo after
"""


def text_of(size):
    """Text that compresses about as text does, the same each time."""
    chance = random.Random(3)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randrange(2, 9))) for _ in range(3000)]
    return " ".join(chance.choices(words, k=size // 5)).encode()[:size]


class BigPrograms(GuestTest):
    def in_the_guest(self, name, *arguments, stdin=b"", files=(), memory="256M"):
        """What program `name` prints in the guest; its status must be 0, and standard error empty."""
        result = run(
            f"./{name}", *arguments, stdin=stdin, memory=memory, root="busybox", files=[programs.path(name), *files]
        )
        self.assert_ok(result)
        return result.stdout


class Sqlite(BigPrograms):
    def test_in_memory(self):
        script = SQL.encode()
        self.assertEqual(self.in_the_guest("sqlite3", stdin=script), programs.natively("sqlite3", stdin=script))

    def test_on_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            expected = programs.natively("sqlite3", os.path.join(folder, "file.db"), stdin=SQL.encode())
        self.assertEqual(self.in_the_guest("sqlite3", "/tmp/file.db", stdin=SQL.encode()), expected)


class Lua(BigPrograms):
    def test_with_either_library(self):
        stdin = b"a line\n42 and the rest\n"
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "script.lua")
            with open(script, "w", encoding="utf-8") as file:
                file.write(LUA)
            for name in ("lua-glibc", "lua-musl"):
                with self.subTest(name):
                    expected = programs.natively(name, script, stdin=stdin)
                    self.assertEqual(
                        self.in_the_guest(name, "/script.lua", stdin=stdin, files=[script]), expected
                    )


class Compressors(BigPrograms):
    """20 MB each way."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.data = os.path.join(folder.name, "data")
        cls.content = text_of(DATA_BYTES)
        with open(cls.data, "wb") as file:
            file.write(cls.content)

    def round_trip(self, name, *options):
        """What comes out of packing and unpacking: both sums as on this host, the packed bytes the same."""
        words = " ".join(options)
        line = f"cd /tmp; /{name} {words} -c /data > packed && md5sum < packed && /{name} -dc < packed | md5sum"
        result = run("sh", "-c", line, memory="256M", root="busybox", files=[programs.path(name), self.data])
        self.assert_ok(result)
        packed = programs.natively(name, *options, "-c", self.data)
        sums = [hashlib.md5(content, usedforsecurity=False).hexdigest() for content in (packed, self.content)]
        self.assertEqual(result.stdout.decode(), "".join(f"{sum_}  -\n" for sum_ in sums))

    def test_gzip(self):
        self.round_trip("gzip", "-n")

    def test_zstd(self):
        self.round_trip("zstd", "-q")

    def test_zstd_with_threads(self):
        self.round_trip("zstd", "-q", "-T2")


class Shells(BigPrograms):
    def test_bash_and_zsh(self):
        for name, options in (("bash", ["--norc"]), ("zsh", ["-f"])):
            with self.subTest(name):
                expected = programs.natively(name, *options, "-c", SHELL)
                self.assertEqual(self.in_the_guest(name, *options, "-c", SHELL), expected)

    def test_sash(self):
        for line in ("-echo one two", "-pwd"):
            expected = programs.natively("sash", "-c", line, folder="/")
            self.assertEqual(self.in_the_guest("sash", "-c", line), expected)


if __name__ == "__main__":
    unittest.main()
