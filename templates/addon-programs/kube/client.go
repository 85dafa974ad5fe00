// Package kube is what the programs share: clients of the API for single kinds, watches, events and the pages that the kubelet asks.
package kube

import (
	"context"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster makes clients of one API server.
type Cluster struct {
	Config *rest.Config
	scheme *runtime.Scheme
}

// Connect reads the kubeconfig, or the pod's service account when there is none; add names the kinds that are used. Nothing is asked yet.
func Connect(kubeconfig, agent string, add ...func(*runtime.Scheme) error) (*Cluster, error) {
	config, err := rest.InClusterConfig()
	if kubeconfig != "" {
		config, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	for _, a := range add {
		if err := a(scheme); err != nil {
			return nil, err
		}
	}
	config.UserAgent = "localkube-" + agent
	// The default of 30 s would sit out a connection that was begun before kube-proxy knew the API's address.
	config.Dial = (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	config.WarningHandler = rest.NoWarnings{}
	config.QPS, config.Burst = 50, 100
	return &Cluster{config, scheme}, nil
}

// Client speaks of the kinds of one group. REST clients for single groups instead of a clientset keep the program a third smaller.
func (c *Cluster) Client(group schema.GroupVersion) (rest.Interface, error) {
	config := rest.CopyConfig(c.Config)
	config.GroupVersion = &group
	config.APIPath = "/apis"
	if group.Group == "" {
		config.APIPath = "/api"
	}
	config.NegotiatedSerializer = serializer.NewCodecFactory(c.scheme).WithoutConversion()
	return rest.RESTClientFor(config)
}

// Watched is one kind of object, kept fresh by a watch. Lookups never block and go on from memory while the API is away.
type Watched struct {
	cache.Indexer
	cache.Controller
}

// Watch starts at once; HasSynced tells when the first list is in. changed gets the key of each object that came, changed or went.
func Watch(ctx context.Context, client rest.Interface, resource, namespace string, kind runtime.Object, wanted fields.Selector, changed func(key string)) Watched {
	tell := func(object interface{}) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil && changed != nil {
			changed(key)
		}
	}
	list := cache.NewListWatchFromClient(client, resource, namespace, wanted)
	indexer, controller := cache.NewIndexerInformer(list, kind, 0, cache.ResourceEventHandlerFuncs{
		AddFunc: tell, DeleteFunc: tell, UpdateFunc: func(_, object interface{}) { tell(object) },
	}, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	go controller.Run(ctx.Done())
	return Watched{indexer, controller}
}
