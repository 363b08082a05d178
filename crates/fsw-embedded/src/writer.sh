# Writes secret files. Everything that varies comes by the environment and is only ever expanded as data:
# see the documentation of the variables in crates/fsw-embedded/src/writer.rs.
set -euf
umask 022
fail() { echo "secret files: $1" >&2; exit 1; }

cd "$FLYTE_SECRETS_DEFAULT_DIR" || fail "cannot enter $FLYTE_SECRETS_DEFAULT_DIR"
new=./.fsw-new
line_break='
'
n=0
while [ "$n" -lt "$FSW_FILES" ]; do
  # $n is a number that was counted here.
  eval "content=\${FSW_CONTENT_$n-} size=\$FSW_SIZE_$n paths=\$FSW_PATHS_$n"
  rm -f "$new"
  (umask 077 && printf %s "$content" | base64 -d >"$new") || fail "file $n cannot be decoded or written"
  [ "$(wc -c <"$new")" -eq "$size" ] || fail "file $n is incomplete; is the volume full?"
  chmod "$FSW_MODE" "$new" || fail "file $n cannot be given the mode $FSW_MODE"
  first=
  IFS=$line_break
  for path in $paths; do
    path=./$path
    case $path in ./*/*) mkdir -p "${path%/*}" || fail "no directory for $path" ;; esac
    [ ! -d "$path" ] || fail "$path is a directory"
    if [ -z "$first" ]; then
      mv -f "$new" "$path" || fail "$path cannot be written"
      first=$path
    else
      ln -f "$first" "$path" || fail "$path cannot be linked"
    fi
  done
  unset IFS
  [ -n "$first" ] || fail "file $n has no path"
  n=$((n + 1))
done
[ "$n" -eq "$FSW_FILES" ] || fail "only $n of $FSW_FILES files are written"
