# Run by `sh -c`, without a file, because it outlives the checkout it came from.

# Ends the server of a data directory. The process id in the file may be another program's by now, hence the look at
# where that process works.
stop() {
    pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) || return 0
    [ "/proc/$pid/cwd" -ef "$1" ] || return 0
    kill -QUIT "$pid" || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ "/proc/$pid/cwd" -ef "$1" ] || return 0
        sleep 0.5
    done
    kill -KILL "$pid" || return 0
}

# Ends when it has removed the directory, or finds it replaced.
watch() {
    exec 9>>"$1/watchdog"
    flock -n 9 || exit 0
    while sleep 1; [ "/proc/$$/fd/9" -ef "$1/watchdog" ]; do
        flock -n -x "$1/users" true || { touch "$1/users"; continue; }
        [ $(($(date +%s) - $(stat -c %Y "$1/users"))) -ge "$2" ] || continue
        exec 8>>"$1/lock"
        flock 8
        # Nobody can join now; but somebody may have joined a moment ago.
        if flock -n -x "$1/users" true && [ $(($(date +%s) - $(stat -c %Y "$1/users"))) -ge "$2" ]; then
            stop "$1/data"
            # Away in one step, so that nobody joins a directory that is half removed.
            mv "$1" "$1.$$" && rm -rf "$1.$$"
        fi
        exec 8>&-
    done
}

"$@"
