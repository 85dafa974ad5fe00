// Package storage makes volumes out of folders on the nodes: for each claim of a class that names it, a folder on the node that the
// scheduler chose for the first pod, and a PersistentVolume of type local that leads there. One process per node, for that node's folders.
package storage

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	sweepEvery = time.Hour
)

type provisioner struct {
	name, node, hostname  string
	folders               folders
	core, storage         rest.Interface
	events                *kube.Events
	claims, volumes       kube.Watched
	claimQueue, freeQueue workqueue.RateLimitingInterface
}

// Run serves one node until ctx ends.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("storage", flag.ContinueOnError)
	node := flags.String("node", os.Getenv("NODE_NAME"), "node that this process serves")
	folder := flags.String("folder", "/var/lib/localkube/volumes", "folder of the volumes, the same inside the container as on the node")
	name := flags.String("provisioner", "localkube.local/storage", "name that classes use")
	listen := flags.String("listen", ":8080", "address of /healthz and /readyz")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *node == "" {
		return errors.New("--node or NODE_NAME is needed")
	}
	cluster, err := kube.Connect(*kubeconfig, "storage", corev1.AddToScheme, storagev1.AddToScheme)
	if err != nil {
		return err
	}
	p := &provisioner{name: *name, node: *node, folders: folders{*folder}}
	if p.core, err = cluster.Client(corev1.SchemeGroupVersion); err != nil {
		return err
	}
	if p.storage, err = cluster.Client(storagev1.SchemeGroupVersion); err != nil {
		return err
	}
	p.events = &kube.Events{Core: p.core, Component: *name}
	p.claimQueue, p.freeQueue = newQueue(), newQueue()
	p.claims = kube.Watch(ctx, p.core, "persistentvolumeclaims", "", &corev1.PersistentVolumeClaim{}, fields.Everything(), func(key string) { p.claimQueue.Add(key) })
	p.volumes = kube.Watch(ctx, p.core, "persistentvolumes", "", &corev1.PersistentVolume{}, fields.Everything(), func(key string) { p.freeQueue.Add(key) })

	failed := make(chan error, 1)
	mux := http.NewServeMux()
	kube.AddProbes(mux, p.synced)
	go func() { failed <- http.ListenAndServe(*listen, mux) }()
	go p.work(ctx)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func newQueue() workqueue.RateLimitingInterface {
	return workqueue.NewRateLimitingQueue(workqueue.NewItemExponentialFailureRateLimiter(firstRetry, lastRetry))
}

func (p *provisioner) synced() bool { return p.claims.HasSynced() && p.volumes.HasSynced() }

// work begins when everything is known. The two kinds have a worker each: a large folder takes long to remove, and no claim waits for it.
func (p *provisioner) work(ctx context.Context) {
	if wait.PollImmediateUntil(200*time.Millisecond, func() (bool, error) { return p.synced() && p.findHostname(ctx), nil }, ctx.Done()) != nil {
		return
	}
	log.Printf("serving node %s, folder %s", p.node, p.folders.root)
	go drain(ctx, p.claimQueue, p.claim)
	go drain(ctx, p.freeQueue, p.volume)
	wait.UntilWithContext(ctx, p.sweep, sweepEvery)
	p.claimQueue.ShutDown()
	p.freeQueue.ShutDown()
}

// findHostname reads the label that a volume's node affinity needs; it is the node's name nearly always, but not by definition.
func (p *provisioner) findHostname(ctx context.Context) bool {
	node := &corev1.Node{}
	if err := p.core.Get().Resource("nodes").Name(p.node).Do(ctx).Into(node); err != nil {
		log.Printf("reading node %s: %v", p.node, err)
		return false
	}
	p.hostname = node.Labels[corev1.LabelHostname]
	return p.hostname != ""
}

// drain handles one key at a time; one that fails comes again later.
func drain(ctx context.Context, queue workqueue.RateLimitingInterface, handle func(context.Context, string) error) {
	for {
		item, ended := queue.Get()
		if ended {
			return
		}
		if err := handle(ctx, item.(string)); err != nil {
			log.Printf("%s: %v", item, err)
			queue.AddRateLimited(item)
		} else {
			queue.Forget(item)
		}
		queue.Done(item)
	}
}

// sweep removes what a process left that was killed between making a folder and making its volume, if the claim went away as well.
// Only empty folders go: one with files in it belongs to a volume that somebody deleted by hand, and may be wanted.
func (p *provisioner) sweep(ctx context.Context) {
	uids, err := p.folders.marked()
	if err != nil {
		log.Printf("reading marks: %v", err)
		return
	}
	for _, uid := range uids {
		if _, known, _ := p.volumes.GetByKey(volumeName(uid)); known || p.hasClaim(uid) {
			continue
		}
		removed, err := p.folders.removeEmpty(uid)
		if err != nil {
			log.Printf("sweeping %s: %v", uid, err)
		} else if removed {
			log.Printf("removed the empty folder of claim %s, which is gone", uid)
		}
	}
}

func (p *provisioner) hasClaim(uid string) bool {
	for _, object := range p.claims.List() {
		if string(object.(*corev1.PersistentVolumeClaim).UID) == uid {
			return true
		}
	}
	return false
}

func volumeName(uid string) string { return "pvc-" + strings.ToLower(uid) }
