// Package consul answers as a Consul server does for clients that look for services: its catalogue, health and key-value store by HTTP, and
// names by DNS. What is in the catalogue is read from Services, Endpoints and Nodes, so there is no registrator whose entries could go stale.
package consul

import (
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// Run serves until ctx ends.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("consul", flag.ContinueOnError)
	listen := flags.String("listen", ":8500", "address of the HTTP API")
	dnsListen := flags.String("dns-listen", ":8600", "address for DNS over UDP and TCP")
	domain := flags.String("domain", "consul", "zone of the names")
	datacenter := flags.String("datacenter", "dc1", "name of the only datacenter")
	address := flags.String("address", os.Getenv("POD_IP"), "address that is told as the leader's")
	data := flags.String("data", "", "file of the key-value store; empty = in memory only")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cluster, err := kube.Connect(*kubeconfig, "consul", corev1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	store, err := openStore(*data)
	if err != nil {
		return err
	}
	// Clients keep the last index over our restarts, and one that went backwards would look like nothing new.
	indexes := newIndexes(store.last())
	store.indexes = indexes
	changed := make(chan struct{}, 1)
	wake := func(string) {
		select {
		case changed <- struct{}{}:
		default: // somebody has said so already
		}
	}
	everything := fields.Everything()
	c := &catalogue{
		datacenter: *datacenter, indexes: indexes,
		services:  kube.Watch(ctx, core, "services", "", &corev1.Service{}, everything, wake),
		endpoints: kube.Watch(ctx, core, "endpoints", "", &corev1.Endpoints{}, everything, wake),
		nodes:     kube.Watch(ctx, core, "nodes", "", &corev1.Node{}, everything, wake),
	}
	go c.keep(ctx, changed)

	failed := make(chan error, 3)
	api := &server{catalogue: c, store: store, indexes: indexes, datacenter: *datacenter, domain: *domain, address: *address}
	listener := &http.Server{Addr: *listen, Handler: api.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { failed <- listener.ListenAndServe() }()
	names := newNames(c, *domain, *datacenter)
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: *dnsListen, Net: network, Handler: names, UDPSize: dns.MaxMsgSize}
		go func() { failed <- server.ListenAndServe() }()
	}
	log.Printf("HTTP on %s, DNS for %s on %s", *listen, *domain, *dnsListen)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return listener.Close()
	}
}
