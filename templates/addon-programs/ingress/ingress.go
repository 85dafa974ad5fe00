// Package ingress makes Debian's haproxy answer for Ingress objects: it writes haproxy's configuration and starts haproxy again, without
// losing a connection, when something of that has changed. What a user writes reaches the configuration only where it cannot mean anything
// but a name: all fields are checked first, whatever the API server has let through.
package ingress

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

const (
	// What has failed for a reason outside of the cluster is tried again so often.
	lookEvery = 30 * time.Second
	// Several changes that come together are one look.
	settleTime = 100 * time.Millisecond
	// Each start of haproxy leaves one behind until its connections have ended, so a rollout has not one for each pod.
	startEvery = time.Second
	leaveTime  = 10 * time.Second
)

type controller struct {
	core, networking rest.Interface
	ingresses        kube.Watched
	classes          kube.Watched
	services         kube.Watched
	endpoints        kube.Watched
	secrets          kube.Watched
	haproxy          *haproxy
	told             *told
	address          string
	// The digest of what was asked of haproxy last, which of the Ingresses it did not take, and what it said of each alone.
	brought string
	refused map[types.UID]error
	checked map[string]error
	changed chan struct{}
	ready   chan struct{}
}

// Run answers until ctx ends, or haproxy does.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ingress", flag.ContinueOnError)
	install := flags.String("install", "", "copy this program to that file, and nothing else: for an image that has haproxy but not this")
	program := flags.String("haproxy", "/usr/sbin/haproxy", "haproxy")
	folder := flags.String("folder", "/run/ingress", "empty folder for configuration, keys and socket; of memory, because keys are in it")
	httpAddress := flags.String("http", ":8000", "address for HTTP")
	httpsAddress := flags.String("https", ":8443", "address for HTTPS")
	address := flags.String("node-address", os.Getenv("NODE_ADDRESS"), "what the status of each Ingress says")
	owner := flags.String("deployment", "", "NAMESPACE/NAME of the Deployment that runs this: all status is taken back when it is deleted")
	listen := flags.String("listen", ":8080", "address of /healthz and /readyz")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *install != "" {
		return installTo(*install)
	}
	if net.ParseIP(*address) == nil {
		return fmt.Errorf("--node-address or NODE_ADDRESS has to be an IP address")
	}
	// haproxy ends with the thread that started it, which has to be this one for as long as the program runs.
	runtime.LockOSThread()
	haproxy, err := newHaproxy(*program, *folder, listenOn{http: *httpAddress, https: *httpsAddress})
	if err != nil {
		return err
	}
	cluster, err := kube.Connect(*kubeconfig, "ingress", corev1.AddToScheme, networkingv1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	networking, err := cluster.Client(networkingv1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	c := &controller{
		core: core, networking: networking, haproxy: haproxy, address: *address,
		told:    newTold(&kube.Events{Core: core, Component: manager}),
		changed: make(chan struct{}, 1), ready: make(chan struct{}),
	}
	c.watch(ctx)
	failed := make(chan error, 1)
	mux := http.NewServeMux()
	kube.AddProbes(mux, c.isReady)
	go func() { failed <- http.ListenAndServe(*listen, mux) }()
	for {
		again := lookEvery
		if c.synced() {
			again = c.look(ctx)
		}
		select {
		case err := <-failed:
			return err
		case err := <-haproxy.ended:
			return fmt.Errorf("haproxy has ended: %v", err)
		case <-ctx.Done():
			return c.leave(*owner)
		case <-c.changed:
			time.Sleep(settleTime)
		case <-time.After(again):
		}
	}
}

func (c *controller) watch(ctx context.Context) {
	wake := func(string) {
		select {
		case c.changed <- struct{}{}:
		default: // somebody has said so already
		}
	}
	all := fields.Everything()
	c.ingresses = kube.Watch(ctx, c.networking, "ingresses", "", &networkingv1.Ingress{}, all, wake)
	c.classes = kube.Watch(ctx, c.networking, "ingressclasses", "", &networkingv1.IngressClass{}, all, wake)
	c.services = kube.Watch(ctx, c.core, "services", "", &corev1.Service{}, all, wake)
	// Endpoints and not their slices: every version of Kubernetes has them in the same form.
	c.endpoints = kube.Watch(ctx, c.core, "endpoints", "", &corev1.Endpoints{}, all, wake)
	// No other Secret comes into this program.
	ofTLS := fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS))
	c.secrets = kube.Watch(ctx, c.core, "secrets", "", &corev1.Secret{}, ofTLS, wake)
	go func() { // the last of the first lists may bring nothing that changed
		for !c.synced() {
			time.Sleep(settleTime)
		}
		wake("")
	}()
}

func (c *controller) synced() bool {
	for _, kind := range []kube.Watched{c.ingresses, c.classes, c.services, c.endpoints, c.secrets} {
		if !kind.HasSynced() {
			return false
		}
	}
	return true
}

func (c *controller) isReady() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// look brings haproxy and the status of all Ingresses up to date, and tells what is wrong with any of them. It returns when to look again
// though nothing has changed.
func (c *controller) look(ctx context.Context) time.Duration {
	ours, former := c.chosen()
	problems := problems{}
	whole := c.plan(ours, problems).files()
	if digest := whole.digest(); digest != c.brought {
		if wait := time.Until(c.haproxy.started.Add(startEvery)); wait > 0 {
			return wait
		}
		refused, err := c.bring(ctx, ours, whole)
		if err != nil {
			log.Printf("the former configuration stays: %v", err)
			return lookEvery
		}
		c.brought, c.refused = digest, refused
	}
	if !c.isReady() {
		close(c.ready)
	}
	for _, ingress := range ours {
		if err := c.refused[ingress.UID]; err != nil {
			problems.add(ingress, problem{reason: "Refused", message: fmt.Sprintf("haproxy does not take it, so it is left out: %v", err)})
		}
	}
	c.setStatuses(ctx, ours, former)
	return c.told.tell(ctx, problems)
}

// bring starts haproxy with the Ingresses, or with those that it takes. Which ones it does not shows when each is tried alone, and is remembered
// for as long as these are the same, so that the others do not wait for it again.
func (c *controller) bring(ctx context.Context, ours []*networkingv1.Ingress, whole files) (map[types.UID]error, error) {
	if c.haproxy.check(ctx, whole) == nil {
		return nil, c.haproxy.use(ctx, whole)
	}
	refused, remembered := map[types.UID]error{}, map[string]error{}
	var good []*networkingv1.Ingress
	for _, ingress := range ours {
		files := c.plan([]*networkingv1.Ingress{ingress}, nil).files()
		key := files.digest()
		err, known := c.checked[key]
		if !known {
			err = c.haproxy.check(ctx, files)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		remembered[key] = err
		if err == nil {
			good = append(good, ingress)
		} else {
			refused[ingress.UID] = err
		}
	}
	c.checked = remembered
	rest := c.plan(good, nil).files()
	if err := c.haproxy.check(ctx, rest); err != nil {
		return nil, err
	}
	if c.haproxy.uses(rest) {
		return refused, nil
	}
	return refused, c.haproxy.use(ctx, rest)
}

// installTo copies this program, which is static, to a file.
func installTo(file string) error {
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o755)
}
