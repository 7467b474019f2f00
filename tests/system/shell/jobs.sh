sleep 0.05 & a=$!; (exit 5) & b=$!; wait $a; echo $?; wait $b; echo $?; wait; echo $?; wait 999999; echo $?
for i in 1 2 3 4 5; do (sleep 0.0$i; echo job $i) & done > jobs; wait; sort jobs; { echo in; sleep 0.02; exit 9; } & wait $!; echo $?
i=0; while [ $i -lt 40 ]; do (exit $i) & last=$!; i=$((i + 1)); done; wait $last; echo $?; wait
sleep 100 & kill $!; wait $!; echo $?; sleep 100 & kill -9 $!; wait $!; echo $?; sleep 100 & kill -INT $!; kill -HUP $!; wait $!; echo $?
kill -0 $$; echo $?; kill -0 999999; echo $?; sleep 100 & kill -STOP $!; kill -CONT $!; kill $!; wait $!; echo $?
(trap 'echo term; exit 3' TERM; while :; do sleep 0.01; done) & sleep 0.1; kill $!; wait $!; echo $?
timeout 0.1 sleep 100; echo $?; timeout 10 echo quick; echo $?; timeout 10 sh -c 'exit 4'; echo $?; timeout -s KILL 0.1 sleep 100; echo $?
timeout 0.1 sh -c 'trap "" TERM; sleep 0.2; echo survived'; echo $?
x=$(sleep 0.02; echo after); echo $x; (sleep 0.02 & echo parent; wait); nohup echo nohup 2>/dev/null; nice -n 5 echo nice; nice -n 5 nice; nice
sh -c 'sh -c "sleep 0.05; echo orphan >> ../orphan" & exit 0'; sleep 0.3; cat ../orphan; rm ../orphan; setsid sh -c 'echo session'
usleep 1000; echo $?; sleep 0; echo $?; sleep x 2>/dev/null; echo $?; sh -c 'echo $PPID' | grep -c .; [ $$ = $(echo $$) ]; echo $?
