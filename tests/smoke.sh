# What tests/published.sh and tests/windows.sh ask of a program alike; both source this. They set: what (its name in messages), work (a folder of theirs, with a folder here), and define
# run (the program with arguments, in work/here).
fail() { echo "$what: $*" >&2; exit 1; }
has() { case $2 in *"$1"*) ;; *) fail "expected '$1' in: $2" ;; esac }

wrong_command() {
  local code=0 error
  error=$(run reproduse 2>&1) || code=$?
  [ "$code" = 2 ] || fail "a wrong command ends with $code"
  has "reproduce" "$error"
}

study() { # METHOD OPTION...
  local method=$1 began=$SECONDS printed file; shift
  printed=$(run reproduce "$method" --preset smoke "$@" 2>"$work/log") || { cat "$work/log" >&2; fail "reproduce $method ended with an error"; }
  has "verdict:" "$printed"
  for file in config.json evaluation.json report.html generated.h5; do [ -s "$work/here/runs/$method-smoke/$file" ] || fail "reproduce $method left no $file"; done
  compgen -G "$work/here/runs/$method-smoke/figures/*.png" >/dev/null || fail "reproduce $method drew no figure"
  echo "reproduce $method --preset smoke: $((SECONDS - began)) s"
}

files() { # of a study of gpt
  has "weights" "$(run inspect runs/gpt-smoke/generated.h5)"
  run convert runs/gpt-smoke/generated.h5 net.pt --row 0 >/dev/null
  has "fc1.weight" "$(run inspect net.pt)"
}
