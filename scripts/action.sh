#!/usr/bin/env bash
# What the GitHub action in action.yml does with flows: action.sh validate|test|deploy
# Inputs are environment variables; FLOWS and TESTS have one path or shell pattern a line.
set -euo pipefail
shopt -s globstar nullglob

# Sets `paths` to the files and folders that the lines of $1 name; what is no pattern stays as it is.
expand() {
  paths=()
  local pattern IFS=
  while read -r pattern; do
    case $pattern in
      '') ;;
      # Unquoted, so that the shell expands it; IFS is empty, so that a blank does not split it.
      *['*?[']*) paths+=($pattern) ;;
      *) paths+=("$pattern") ;;
    esac
  done <<< "$1"
}

expand_flows() {
  expand "$FLOWS"
  if [ ${#paths[@]} -gt 0 ]; then return; fi
  echo "::error::No flow file matches: ${FLOWS//$'\n'/ }"
  exit 2
}

validate() {
  echo "::add-matcher::$GITHUB_ACTION_PATH/.github/problem-matcher.json"
  expand_flows
  local flow status=0
  for flow in "${paths[@]}"; do nuvopipe validate "$flow" || status=$?; done
  return "$status"
}

run_tests() {
  expand "$TESTS"
  nuvopipe test "${paths[@]}" ${REPORT:+--reporter junit --output "$REPORT"}
}

deploy() {
  expand_flows
  local flow flags=()
  [ -z "$APIHOST" ] || flags+=(--apihost "$APIHOST")
  [ -z "$NAMESPACE" ] || flags+=(--namespace "$NAMESPACE")
  [ -z "$DATASTORE" ] || flags+=(--datastore "$DATASTORE")
  [ -z "$ENDPOINT" ] || flags+=(--endpoint "$ENDPOINT")
  # In the environment: a flag could be read in the list of processes.
  [ -z "$AUTH" ] || export __OW_API_KEY=$AUTH
  for flow in "${paths[@]}"; do nuvopipe deploy "$flow" "${flags[@]}"; done
}

case ${1-} in
  validate) validate ;;
  test) run_tests ;;
  deploy) deploy ;;
  *)
    echo "usage: action.sh validate|test|deploy" >&2
    exit 2
    ;;
esac
