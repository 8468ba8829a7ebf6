#!/usr/bin/env bash
# From nothing to churn scores and message decisions, with real numbers at the
# end. Needs only bash and awk until install_packages.sh has run.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/quickstart.sh [--data FILE] [--users N] [--days N] [--dir DIR]

Installs missing Debian packages, builds Release into build/, makes a world of
listeners (or imports a log), trains a churn model beside three baselines and,
of the world's failed payments, a recovery model, starts the server on a free
local port, sends it fresh events, scores, explains, decides and plans, and
prints a scoreboard. Everything it starts it also ends. Users of an imported
log are also scored as of its end.

  --data FILE   an eventsim / Sparkify log (.jsonl or .jsonl.gz) instead of
                the world
  --users N     listeners of the world (default 2000)
  --days N      days of the world, ending yesterday (default 150)
  --dir DIR     where ledger, models and results go (default quickstart-data/
                in the repository). Emptied at the start, but only if this
                script made it.
TEXT
}

fail() {
  echo "quickstart.sh: $1" >&2
  exit "${2:-1}"
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
dir=$root/quickstart-data
data=""
users=2000
days=150
while (($# > 0)); do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --data | --users | --days | --dir)
      (($# > 1)) || fail "$1 needs a value; see --help" 2
      case "$1" in
        --data) data=$(readlink -m -- "$2") ;;
        --users) users=$2 ;;
        --days) days=$2 ;;
        --dir) dir=$(readlink -m -- "$2") ;;
      esac
      shift
      ;;
    *) fail "unknown option \"$1\"; see --help" 2 ;;
  esac
  shift
done
[[ -z "$data" || -r "$data" ]] || fail "cannot read $data" 2
[[ "$users" =~ ^[1-9][0-9]*$ ]] || fail "--users $users is no number" 2
[[ "$days" =~ ^[1-9][0-9]*$ ]] || fail "--days $days is no number" 2

marker=$dir/.made-by-quickstart
if [[ -e "$dir" && ! -e "$marker" && -n "$(ls -A "$dir" 2>&1)" ]]; then
  fail "$dir is not empty and not made by this script; choose another --dir" 2
fi
[[ "$data" != "$dir"/* ]] || fail "--data lies in $dir, which is emptied" 2
cd "$root"
exec < /dev/null

server_pid=""
# shellcheck disable=SC2317  # Called by the trap.
stop_server() {
  [[ -n "$server_pid" ]] || return 0
  kill "$server_pid" 2> /dev/null || true
  wait "$server_pid" 2> /dev/null || true
  server_pid=""
}
trap stop_server EXIT
trap 'exit 130' INT TERM

step_start=$SECONDS
step() {
  echo "[$((SECONDS - step_start)) s] $*"
}

# JSON on standard input as lines "a.b.0.c=value".
json_paths() {
  awk '
    function emit(value) {
      print substr(path, 2) "=" value
    }
    function enter(key) {
      path = path "." key
    }
    function leave() {
      sub(/\.[^.]*$/, "", path)
    }
    function skip() {
      while (substr(text, at, 1) ~ /[ \t\r\n,:]/) at++
    }
    function word(  start) {
      start = at
      if (substr(text, at, 1) == "\"") {
        for (at++; substr(text, at, 1) != "\""; at++)
          if (substr(text, at, 1) == "\\") at++
        at++
        return substr(text, start + 1, at - start - 2)
      }
      while (at <= length(text) && substr(text, at, 1) !~ /[],} \t\r\n]/) at++
      return substr(text, start, at - start)
    }
    function value(  first, n) {
      skip()
      first = substr(text, at, 1)
      if (first != "{" && first != "[") {
        emit(word())
        return
      }
      at++
      for (n = 0; ; n++) {
        skip()
        if (at > length(text) || substr(text, at, 1) ~ /[]}]/) break
        enter(first == "{" ? word() : n)
        value()
        leave()
      }
      at++
    }
    { text = text $0 "\n" }
    END { at = 1; value() }'
}

# The value at path $2 of the paths in file $1, figures with four digits after
# the point; "-" where there is none.
at() {
  awk -v path="$2" '
    index($0, path "=") == 1 {
      found = 1
      text = substr($0, length(path) + 2)
      if (text ~ /^-?[0-9]+\.[0-9eE+-]+$/) text = sprintf("%.4f", text)
      print text
    }
    END { if (!found) print "-" }' "$1"
}

call() {
  build/tenuto call --server "$address" "$@"
}

make_ledger() {
  if [[ -n "$data" ]]; then
    step "Importing $data"
    build/tenuto import --format eventsim --input "$data" \
      --ledger "$dir/ledger" --assume-consent granted \
      --summary "$dir/ledger.json"
  else
    # A world that ended yesterday: the server reads it as of today.
    local start
    start=$(date -u -d "$((days + 1)) days ago" +%F)
    step "Generating $users listeners over $days days from $start"
    build/tenuto world generate --users "$users" --days "$days" --seed 7 \
      --start "$start" --ledger "$dir/ledger" --summary "$dir/ledger.json"
  fi
}

user_ids() {
  if [[ -n "$data" ]]; then
    case "$data" in *.gz) zcat "$data" ;; *) cat "$data" ;; esac |
      awk -v max=200 'match($0, /"userId": ?"[^"]+"/) {
        id = substr($0, RSTART, RLENGTH)
        sub(/^"userId": ?"/, "", id); sub(/"$/, "", id)
        if (!(id in seen) && n < max) { seen[id] = 1; n++; print id }
      }'
  else
    awk -v max="$((users < 200 ? users : 200))" \
      'BEGIN { for (i = 1; i <= max; i++) printf "u%07d\n", i }'
  fi
}

# Made the champion whatever its test says: a few hundred failures are enough to
# try a plan, not to believe one. Worlds that are smaller still have no model.
train_grace() {
  step "Training a recovery model of the failed payments"
  build/tenuto train grace --ledger "$dir/ledger" --models "$dir/models" \
    --champion always --summary "$dir/grace.json" ||
    echo "No recovery model, so no plans; see the line above"
}

# Users as they stood when the log ended, where a server hears only silence.
score_at_the_end() {
  step "Scoring $(wc -l < "$dir/users.txt") users at the end of the log"
  build/tenuto score --model "$model" --models "$dir/models" \
    --ledger "$dir/ledger" --users "$dir/users.txt" \
    --output "$dir/at_the_end.csv"
}

# Of the users on a paid plan then: how many, and the three likeliest to leave,
# each with its reasons.
show_the_end() {
  awk -F, 'NR > 1 && $3 == 1 { n++ }
    END { printf "at its end   %d of %d users are on a paid plan; ", n, NR - 1 }' \
    "$dir/at_the_end.csv"
  echo "likeliest to leave:"
  tail -n +2 "$dir/at_the_end.csv" | awk -F, '$3 == 1' | sort -t, -k4,4gr |
    head -n 3 | awk -F, '{
      id = $1; gsub(/"/, "", id)
      reasons = $0; sub(/^[^,]*,[^,]*,[^,]*,[^,]*,"/, "", reasons)
      sub(/"$/, "", reasons)
      printf "             %s: probability %.4f, because\n", id, $4
      n = split(reasons, reason, "; ")
      for (i = 1; i <= n; i++) printf "             - %s\n", reason[i]
    }'
}

start_server() {
  step "Starting the server on a free port"
  build/tenuto-server --data_dir "$dir/ledger" --models_dir "$dir/models" \
    --listen 127.0.0.1:0 --metrics_listen 127.0.0.1:0 > "$dir/server.log" 2>&1 &
  server_pid=$!
  address=""
  for _ in $(seq 300); do
    address=$(awk 'match($0, /listening on [0-9.]+:[0-9]+/) {
      print substr($0, RSTART + 13, RLENGTH - 13); exit }' "$dir/server.log")
    [[ -z "$address" ]] || return 0
    kill -0 "$server_pid" 2> /dev/null || break
    sleep 0.1
  done
  cat "$dir/server.log" >&2
  fail "the server did not start, see above"
}

score_users() {
  step "Scoring $(wc -l < "$dir/users.txt") users"
  local ids
  ids=$(awk '{printf "%s\"%s\"", (NR > 1 ? "," : ""), $0}' "$dir/users.txt")
  call ScoreUsers "{\"model\":\"$model\",\"userIds\":[$ids]}" |
    json_paths > "$dir/scores.txt"
  # The highest probability among those the model is about; else of all.
  riskiest=$(awk -F= '
    NR == FNR { id[FNR - 1] = $0; next }
    split($1, part, ".") == 3 && part[1] == "scores" {
      value[part[2], part[3]] = $2
    }
    END {
      for (i in id) {
        rank = value[i, "probability"] + (value[i, "eligible"] == "true")
        if (rank > best) { best = rank; who = id[i] }
      }
      print who
    }' "$dir/users.txt" "$dir/scores.txt")
  [[ -n "$riskiest" ]] || fail "no user was scored, see $dir/scores.txt"
}

explain() {
  call ExplainScore "{\"model\":\"$model\",\"userId\":\"$riskiest\"}" |
    json_paths > "$dir/$1"
}

# A visit to the cancel page, a moment ago; then the same again.
send_events() {
  step "Sending a visit of the riskiest user to the cancel page, twice"
  local now n events=""
  now=$(date -u +%FT%TZ)
  events+="{\"eventId\":\"quickstart-1\",\"userId\":\"$riskiest\",\
\"eventTime\":\"$now\",\"pageView\":{\"page\":\"PAGE_CANCEL\"}}"
  for n in 1 2; do
    call IngestEvents "{\"requestId\":\"quickstart-$n\",\"events\":[$events]}" |
      json_paths | awk -F= 'sub(/EVENT_VERDICT_/, "", $2) {print tolower($2)}'
  done > "$dir/verdicts.txt"
}

decide() {
  step "Deciding for each of them"
  awk '{printf "{\"requestId\":\"quickstart-decide-%d\",\"userId\":\"%s\"}\n", NR, $0}' \
    "$dir/users.txt" > "$dir/decide.jsonl"
  call DecideTreatment - --summary "$dir/latency_decide.json" \
    < "$dir/decide.jsonl" > "$dir/decisions.jsonl"
  # "treatment" also names the candidates of "considered", which come later.
  awk 'match($0, /"treatment": *"[a-z0-9_]+"/) {
    split(substr($0, RSTART, RLENGTH), part, "\""); print part[4]
  }' "$dir/decisions.jsonl" > "$dir/decisions.txt"
}

# For the user whose payment failed last; the server refuses whose is not open.
plan() {
  step "Looking for an open payment to plan for"
  local user elapsed least=61
  while read -r user; do
    call PlanGracePeriod "{\"requestId\":\"quickstart-plan-$user\",\
\"userId\":\"$user\"}" 2> "$dir/plan.log" | json_paths > "$dir/a_plan.txt" ||
      continue
    elapsed=$(at "$dir/a_plan.txt" elapsedDays)
    ((elapsed < least)) || continue
    unpaid=$user least=$elapsed
    mv "$dir/a_plan.txt" "$dir/plan.txt"
  done < "$dir/users.txt"
}

# One user a call, one call after the other, on one connection.
measure_latency() {
  step "Measuring latency"
  awk -v model="$model" '{id[NR] = $0} END {
    for (i = 0; i < 5000; i++)
      printf "{\"model\":\"%s\",\"userIds\":[\"%s\"]}\n", model, id[i % NR + 1]
  }' "$dir/users.txt" > "$dir/score.jsonl"
  call ScoreUsers - --summary "$dir/latency_score.json" \
    < "$dir/score.jsonl" > /dev/null
  call GetServerStatus '{}' > "$dir/status.json"
}

count_lines() {
  sort | uniq -c | sort -rn | awk '{printf "%s%s %d", s, $2, $1; s = ", "}'
}

# "3, 7" of the paths a.0=3 and a.1=7 in file $1.
list_at() {
  awk -F= -v name="$2." 'index($1, name) == 1 { printf "%s%s", s, $2; s = ", " }
    END { if (s == "") printf "none" }' "$1"
}

show_plan() {
  json_paths < "$dir/grace.json" > "$dir/grace.txt"
  local t=$dir/grace.txt
  echo "recovery     learned from $(at "$t" rows.train) failed payments," \
    "tested on $(at "$t" rows.test): integrated Brier score" \
    "$(at "$t" test.ibs), one curve for all (Kaplan-Meier)" \
    "$(at "$t" test.ibs_kaplan_meier)"
  (($(at "$t" rows.train) >= 1000)) ||
    echo "             too few to be believed, which takes some thousand: it" \
      "serves only to be tried"
  if [[ ! -e "$dir/plan.txt" ]]; then
    echo "plan         none: $(tail -n 1 "$dir/plan.log")"
    return
  fi
  t=$dir/plan.txt
  echo "plan         $unpaid, day $(at "$t" elapsedDays) after the failure:" \
    "full access through day $(at "$t" fullDays), attempts on days" \
    "$(list_at "$t" attemptDays), messages on days" \
    "$(list_at "$t" messageDays)"
}

scoreboard() {
  json_paths < "$dir/train.json" > "$dir/train.txt"
  for method in score decide; do
    json_paths < "$dir/latency_$method.json" > "$dir/latency_$method.txt"
  done
  local t=$dir/train.txt
  echo
  echo "=== Scoreboard ==="
  echo "events       $(json_paths < "$dir/status.json" |
    awk -F= '$1 == "lastPosition" {print $2}') in the ledger; sent live:" \
    "$(count_lines < "$dir/verdicts.txt")"
  echo "rows         train $(at "$t" rows.train)," \
    "calibrate $(at "$t" rows.calibrate) (last window)," \
    "test $(at "$t" rows.test) (all windows," \
    "$(at "$t" test.positives) left by choice)"
  echo "model        $(at "$t" model) version $(at "$t" version)"
  echo "test         AUC $(at "$t" test.auc) [$(at "$t" test.auc_low)," \
    "$(at "$t" test.auc_high)], log loss $(at "$t" test.log_loss)" \
    "(constant $(at "$t" test.log_loss_constant))," \
    "lift of the top decile $(at "$t" test.lift_top_decile)"
  local i difference
  for i in 0 1 2; do
    difference=baselines.$i.auc_difference
    echo "baseline     $(at "$t" baselines.$i.name): mean AUC of the windows" \
      "$(at "$t" baselines.$i.auc); ours minus it" \
      "$(at "$t" "$difference.value") [$(at "$t" "$difference.low")," \
      "$(at "$t" "$difference.high")]"
  done
  [[ -z "$data" ]] || show_the_end
  echo "live         $riskiest: probability" \
    "$(at "$dir/before.txt" score.probability) before the live event," \
    "$(at "$dir/explanation.txt" score.probability) after it; what counts most:"
  awk '/^reasons\./ { sub(/^[^=]*=/, "             - "); print }' \
    "$dir/explanation.txt"
  echo "decisions    $(count_lines < "$dir/decisions.txt")"
  [[ ! -e "$dir/grace.json" ]] || show_plan
  echo "latency      ScoreUsers p50" \
    "$(at "$dir/latency_score.txt" latency_ms_p50) ms, p99" \
    "$(at "$dir/latency_score.txt" latency_ms_p99) ms; DecideTreatment p50" \
    "$(at "$dir/latency_decide.txt" latency_ms_p50) ms, p99" \
    "$(at "$dir/latency_decide.txt" latency_ms_p99) ms"
  [[ -z "$data" ]] || echo "note         live scores and decisions are as of" \
    "today: to them everyone has been silent since the log ended"
  echo "time         $((SECONDS - step_start)) s; everything is in $dir"
}

step "Installing what is missing and building"
deploy/build.sh release tenuto tenuto-server
rm -rf "$dir"
mkdir -p "$dir"
: > "$marker"
model=churn_14d
make_ledger
user_ids > "$dir/users.txt"
step "Training $model beside its baselines"
build/tenuto train churn --ledger "$dir/ledger" --models "$dir/models" \
  --baseline --summary "$dir/train.json"
if [[ -n "$data" ]]; then score_at_the_end; else train_grace; fi
start_server
score_users
explain before.txt
send_events
explain explanation.txt
decide
[[ ! -e "$dir/grace.json" ]] || plan
measure_latency
scoreboard
