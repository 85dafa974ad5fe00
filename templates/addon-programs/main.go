// Command addon-programs holds the small programs that take a project's place in addons where artifacts come from Debian.
//
// Each is a subcommand, and all are one static program, so that one image serves every addon. Like cluster-dns it is built inside the
// Kubernetes source tree from the libraries vendored there.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"

	"k8s.io/kubernetes/cmd/addon-programs/balancer"
	"k8s.io/kubernetes/cmd/addon-programs/consul"
	"k8s.io/kubernetes/cmd/addon-programs/ingress"
	"k8s.io/kubernetes/cmd/addon-programs/metrics"
	"k8s.io/kubernetes/cmd/addon-programs/probe"
	"k8s.io/kubernetes/cmd/addon-programs/storage"
)

// programs run until their context ends, which is no error, or until they cannot go on.
var programs = map[string]func(ctx context.Context, args []string) error{
	"consul":        consul.Run,
	"ingress":       ingress.Run,
	"load-balancer": balancer.Run,
	"metrics":       metrics.Run,
	"probe":         probe.Run,
	"storage":       storage.Run,
}

func main() {
	log.SetFlags(0) // the container log has times already
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		names := make([]string, 0, len(programs))
		for name := range programs {
			names = append(names, name)
		}
		sort.Strings(names)
		log.Printf("usage: addon-programs %s [options]", strings.Join(names, "|"))
		os.Exit(64)
	}
	name := os.Args[1]
	log.SetPrefix(name + ": ")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := programs[name](ctx, os.Args[2:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}
