// Command cluster-dns answers the Kubernetes DNS specification, version 1.1.0, for one cluster.
//
// localkube uses it where artifacts come from Debian, because Debian carries no CoreDNS. It is built inside the
// Kubernetes source tree from the libraries vendored there, so it needs nothing from elsewhere.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

func main() {
	domain := flag.String("domain", "cluster.local", "zone of the cluster")
	listen := flag.String("listen", ":53", "address for DNS over UDP and TCP")
	healthListen := flag.String("health-listen", ":8080", "address of /health; empty = none")
	readyListen := flag.String("ready-listen", ":8181", "address of /ready; empty = none")
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	upstream := flag.String("upstream", "", "comma-separated name servers; empty = those of /etc/resolv.conf")
	stub := flag.String("stub", "", "comma-separated ZONE=IP:PORT: zones that one server of their own knows")
	lameDuck := flag.Duration("lame-duck", 5*time.Second, "how long to answer on after SIGTERM while endpoints are withdrawn")
	flag.Parse()
	log.SetFlags(0) // the container log has times already

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	cluster, err := watchCluster(ctx, *kubeconfig)
	if err != nil {
		log.Fatalf("cluster-dns: API client: %v", err)
	}
	servers, err := findUpstreams(*upstream, *listen)
	if err != nil {
		log.Printf("cluster-dns: %v; names outside the cluster get SERVFAIL", err)
	}
	forward, err := newRoutes(*stub, newForwarder(servers))
	if err != nil {
		log.Fatalf("cluster-dns: %v", err)
	}
	zone := &zone{name: strings.ToLower(dns.Fqdn(*domain)), cluster: cluster, forward: forward}
	probes := &probes{ready: cluster.synced}
	failed := make(chan error, 4)
	probes.serve(*healthListen, *readyListen, failed)
	serveDNS(*listen, &handler{zone: zone, forward: forward}, failed)
	log.Printf("cluster-dns: zone %s on %s, upstream %s", zone.name, *listen, strings.Join(servers, " "))

	select {
	case err := <-failed:
		log.Fatalf("cluster-dns: %v", err)
	case <-ctx.Done():
		probes.leaving.Store(true)
		time.Sleep(*lameDuck)
	}
}
