// Package balancer gives Services of type LoadBalancer an address of the node's network. kube-proxy carries what arrives at an address that
// is in a Service's status, so all that is needed is an address which the node answers for, and that status.
package balancer

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

const (
	// The node's addresses are looked at so often though nothing of the cluster has changed: its network may have been set up again.
	lookEvery = 30 * time.Second
	leaveTime = 10 * time.Second
)

type balancer struct {
	core     rest.Interface
	events   *kube.Events
	services kube.Watched
	nodes    kube.Watched
	port     *port
	pool     pool
	changed  chan struct{}
}

// Run gives addresses until ctx ends.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load-balancer", flag.ContinueOnError)
	address := flags.String("node-address", os.Getenv("NODE_ADDRESS"), "the node's address; Services get addresses on the interface that has it")
	ranges := flags.String("range", "", "addresses to give, FIRST-LAST or with a prefix; empty = .200 to .250 of the node's address")
	owner := flags.String("deployment", "", "NAMESPACE/NAME of the Deployment that runs this: all is given back when it is deleted")
	listen := flags.String("listen", ":8480", "address of /healthz and /readyz")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	node := net.ParseIP(*address).To4()
	if node == nil {
		return errors.New("--node-address or NODE_ADDRESS has to be an IPv4 address")
	}
	pool, err := newPool(*ranges, node)
	if err != nil {
		return err
	}
	port, err := findPort(node)
	if err != nil {
		return err
	}
	cluster, err := kube.Connect(*kubeconfig, "load-balancer", corev1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	b := &balancer{core: core, events: &kube.Events{Core: core, Component: manager}, port: port, pool: pool, changed: make(chan struct{}, 1)}
	b.services = kube.Watch(ctx, core, "services", "", &corev1.Service{}, fields.Everything(), func(string) { b.wake() })
	b.nodes = kube.Watch(ctx, core, "nodes", "", &corev1.Node{}, fields.Everything(), func(string) { b.wake() })
	failed := make(chan error, 1)
	mux := http.NewServeMux()
	kube.AddProbes(mux, b.synced)
	go func() { failed <- http.ListenAndServe(*listen, mux) }()
	log.Printf("addresses %s to %s on %s", pool.first, pool.last, port.name())
	for {
		if b.synced() {
			b.balance(ctx)
		}
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return b.leave(*owner)
		case <-b.changed:
			time.Sleep(100 * time.Millisecond) // several changes that come together are one look
		case <-time.After(lookEvery):
		}
	}
}

func (b *balancer) synced() bool { return b.services.HasSynced() && b.nodes.HasSynced() }

func (b *balancer) wake() {
	select {
	case b.changed <- struct{}{}:
	default: // somebody has said so already
	}
}

// leave gives everything back when the Deployment is being deleted: no Service keeps an address that nobody answers for. In a restart
// all stays, so that no connection is lost.
func (b *balancer) leave(owner string) error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if owner == "" || !kube.IsDeleted(ctx, b.core, owner) {
		return nil
	}
	for _, object := range b.services.List() {
		if service := object.(*corev1.Service); b.isOurs(service) {
			if err := b.setAddress(ctx, service, ""); err != nil && !apierrors.IsNotFound(err) {
				log.Printf("%s/%s: %v", service.Namespace, service.Name, err)
			}
		}
	}
	return b.port.have(nil)
}
