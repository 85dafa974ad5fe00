package main

import (
	"context"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	byAddress   = "address"
	byNamespace = cache.NamespaceIndex
)

// cluster is what DNS needs to know of the API: Services and Endpoints, kept fresh by watches. Both are core/v1, which
// every Kubernetes serves. Lookups never block and go on from memory while the API is away.
type cluster struct {
	services, endpoints         cache.Indexer
	servicesSync, endpointsSync cache.Controller
}

// watchCluster starts the watches and returns at once; synced tells when the first lists are in.
// A REST client for two kinds instead of a clientset keeps the program a third smaller.
func watchCluster(ctx context.Context, kubeconfig string) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.APIPath = "/api"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.UserAgent = "localkube-cluster-dns"
	// The default of 30 s would sit out a connection that was begun before kube-proxy knew the API's address.
	config.Dial = (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	config.WarningHandler = rest.NoWarnings{} // 1.33 and later warn of Endpoints on every call
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, err
	}
	watch := func(resource string, kind runtime.Object, addresses cache.IndexFunc) (cache.Indexer, cache.Controller) {
		list := cache.NewListWatchFromClient(client, resource, corev1.NamespaceAll, fields.Everything())
		indexers := cache.Indexers{byNamespace: cache.MetaNamespaceIndexFunc, byAddress: addresses}
		indexer, controller := cache.NewIndexerInformer(list, kind, 0, cache.ResourceEventHandlerFuncs{}, indexers)
		go controller.Run(ctx.Done())
		return indexer, controller
	}
	c := &cluster{}
	c.services, c.servicesSync = watch("services", &corev1.Service{}, func(o interface{}) ([]string, error) {
		return canonical(clusterIPs(o.(*corev1.Service))), nil
	})
	c.endpoints, c.endpointsSync = watch("endpoints", &corev1.Endpoints{}, func(o interface{}) ([]string, error) {
		var ips []string
		for _, subset := range o.(*corev1.Endpoints).Subsets {
			for _, a := range append(subset.Addresses[:len(subset.Addresses):len(subset.Addresses)], subset.NotReadyAddresses...) {
				ips = append(ips, a.IP)
			}
		}
		return canonical(ips), nil
	})
	return c, nil
}

func (c *cluster) synced() bool { return c.servicesSync.HasSynced() && c.endpointsSync.HasSynced() }
