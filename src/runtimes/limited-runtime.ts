/** Where the script for that OCI runtime is. */
export const limitedProgram = (name: string): string => `/usr/local/sbin/${name}-limited`;

/**
 * An OCI runtime, by name or path, for a machine without CAP_SYS_RESOURCE, in front of which a daemon has no settings for that. What the kubelet asks
 * for as oom_score_adj is raised to what is allowed, without which no sandbox would start; and all capabilities, which privileged containers get, are
 * those that there are, as containerd understands it. A container that asks for this one by its name fails, as it should. In JSON, an unescaped
 * `oomScoreAdj":` can only be the key.
 */
export const limitedScript = (program: string): string => `#!/bin/sh
bundle=.
process=
previous=
for argument; do
  case $previous in --bundle | -b) bundle=$argument ;; --process | -p) process=$argument ;; esac
  case $argument in --bundle=*) bundle=\${argument#--bundle=} ;; --process=*) process=\${argument#--process=} ;; esac
  previous=$argument
done
all_there_are() {
  for one in AUDIT_CONTROL SYS_BOOT SYS_MODULE; do grep -qs "\\"CAP_$one\\"" "$1" || return 0; done
  sed -i 's/"CAP_SYS_RESOURCE",//g' "$1"
}
for argument; do
  case $argument in
    create | run | restore)
      read -r least < /proc/self/oom_score_adj
      asked=$(sed -n 's/.*"oomScoreAdj":[[:space:]]*\\(-*[0-9][0-9]*\\).*/\\1/p' "$bundle/config.json")
      if [ -n "$asked" ] && [ "$asked" -lt "$least" ]; then
        sed -i "s/\\(\\"oomScoreAdj\\":[[:space:]]*\\)-*[0-9][0-9]*/\\1$least/" "$bundle/config.json"
      fi
      all_there_are "$bundle/config.json"
      ;;
    exec) [ -z "$process" ] || all_there_are "$process" ;;
  esac
done
exec ${program} "$@"
`;
