// Package metrics serves metrics.k8s.io/v1beta1, the API behind `kubectl top` and autoscalers, from what the kubelets measure.
package metrics

import (
	"context"
	"crypto/tls"
	"flag"
	"net/http"
	"os"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// Run serves until ctx ends.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("metrics", flag.ContinueOnError)
	listen := flags.String("listen", ":8443", "address of the API, by TLS")
	service := flags.String("service", "metrics", "Service that leads here")
	namespace := flags.String("namespace", os.Getenv("POD_NAMESPACE"), "its namespace")
	interval := flags.Duration("interval", 15*time.Second, "how often the kubelets are asked")
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file; empty = service account of the pod")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cluster, err := kube.Connect(*kubeconfig, "metrics", corev1.AddToScheme, authorizationv1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	reviews, err := cluster.Client(authorizationv1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	kubelets, err := newKubelets(cluster.Config)
	if err != nil {
		return err
	}
	certificate, authority, err := selfSigned(*service + "." + *namespace + ".svc")
	if err != nil {
		return err
	}
	watchConfig := fields.OneTermEqualSelector("metadata.name", frontProxyConfig)
	s := &server{
		nodes: kube.Watch(ctx, core, "nodes", "", &corev1.Node{}, fields.Everything(), nil),
		pods:  kube.Watch(ctx, core, "pods", "", &corev1.Pod{}, fields.Everything(), nil),
		usage: newUsage(),
		proxy: &frontProxy{kube.Watch(ctx, core, "configmaps", "kube-system", &corev1.ConfigMap{}, watchConfig, nil)},
		may:   &authorizer{reviews},
	}
	go s.usage.keep(ctx, kubelets, s.nodes, *interval)
	go keepAuthority(ctx, core, authority)

	failed := make(chan error, 1)
	listener := &http.Server{
		Addr: *listen, Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate},
			// Verified for each request, because the authority is in a ConfigMap that may change; the kubelet's probes have none.
			ClientAuth: tls.RequestClientCert,
		},
	}
	go func() { failed <- listener.ListenAndServeTLS("", "") }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return listener.Close()
	}
}
