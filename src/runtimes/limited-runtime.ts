/** Where the script for that OCI runtime is. */
export const limitedProgram = (name: string): string => `/usr/local/sbin/${name}-limited`;

/**
 * An OCI runtime, by name or path, for a machine that may not lower oom_score_adj, in front of which a daemon has no setting that raises what the
 * kubelet asks for to what is allowed; without it no sandbox would start. In a bundle's configuration an unescaped `oomScoreAdj":` can only be the key.
 */
export const limitedScript = (program: string): string => `#!/bin/sh
bundle=.
previous=
for argument; do
  case $previous in --bundle | -b) bundle=$argument ;; esac
  case $argument in --bundle=*) bundle=\${argument#--bundle=} ;; esac
  previous=$argument
done
for argument; do
  case $argument in
    create | run | restore)
      read -r least < /proc/self/oom_score_adj
      asked=$(sed -n 's/.*"oomScoreAdj":[[:space:]]*\\(-*[0-9][0-9]*\\).*/\\1/p' "$bundle/config.json")
      if [ -n "$asked" ] && [ "$asked" -lt "$least" ]; then
        sed -i "s/\\(\\"oomScoreAdj\\":[[:space:]]*\\)-*[0-9][0-9]*/\\1$least/" "$bundle/config.json"
      fi
      ;;
  esac
done
exec ${program} "$@"
`;
