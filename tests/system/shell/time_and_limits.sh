{ time sleep 0.1; } 2>&1 | sed 's/[0-9][0-9]*/N/g'; { time true; } 2>&1 | awk '{ print $1 }'; time -p sh -c 'exit 3' 2> t; echo $?; awk '{ print $1, NF }' t
{ time -v true; } 2>&1 | sed 's/:.*//' | head -n 4; times | sed 's/[0-9]/N/g'; ulimit -n > n; [ $(cat n) -ge 256 ]; echo $?
(ulimit -n 8; exec 7<&0; echo fine; exec 3<&0 4<&0 5<&0 6<&0; cat < /dev/null); echo $?; date -u -d @1700000000 '+%Y-%m-%d %H:%M:%S %j %a'; date -u -d '2024-02-29 12:00' +%s
a=$(date +%s); sleep 1; b=$(date +%s); [ $((b - a)) -ge 1 ] && [ $((b - a)) -le 20 ]; echo $?; [ $(date +%Y) -ge 2024 ]; echo $?; umask; umask 077; : > u; ls -l u | cut -c 1-10
