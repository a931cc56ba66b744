# Runs in the guest: takes the number of a job from the second serial line,
# runs jobs/NUMBER/run and answers with the number and its exit status.
# SPDX-License-Identifier: GPL-2.0-or-later

cd "$1" || exit 1
exec 3<>/dev/ttyS1
stty raw -echo <&3
echo ready >&3
while read -r job <&3; do
    (
        sh "jobs/$job/run" </dev/null >"jobs/$job/stdout" 2>"jobs/$job/stderr"
        echo "$job $?" >&3
    ) 3>&3 &
done
