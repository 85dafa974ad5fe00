package probe

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// Serve answers every HTTP request with a text, and upgrades a connection to a websocket that sends the text and ends.
func Serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	text := flags.String("text", "", "what is answered")
	listen := flags.String("listen", ":8080", "address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	failed := make(chan error, 1)
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			upgrade(w, r, *text)
			return
		}
		_, _ = io.WriteString(w, *text)
	}
	go func() { failed <- http.ListenAndServe(*listen, http.HandlerFunc(answer)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Balanced waits until each of the Services has an address from a load balancer and answers there with its own name.
func Balanced(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("balanced", flag.ContinueOnError)
	namespace := flags.String("namespace", os.Getenv("POD_NAMESPACE"), "namespace of the Services")
	names := flags.String("services", "", "their names, by commas")
	port := flags.String("port", "80", "their port")
	limit := flags.Duration("limit", 30*time.Second, "how long to wait")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cluster, err := kube.Connect("", "probe", corev1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	var seen []string
	for _, name := range strings.Split(*names, ",") {
		for {
			address, err := balanced(ctx, core, *namespace, name, *port)
			if err == nil {
				seen = append(seen, name+" answers at "+net.JoinHostPort(address, *port))
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("Service %s: %w", name, err)
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	fmt.Println(strings.Join(seen, ", "))
	return nil
}

func balanced(ctx context.Context, core rest.Interface, namespace, name, port string) (string, error) {
	service := &corev1.Service{}
	if err := core.Get().Namespace(namespace).Resource("services").Name(name).Do(ctx).Into(service); err != nil {
		return "", err
	}
	if len(service.Status.LoadBalancer.Ingress) == 0 {
		return "", fmt.Errorf("it has no address")
	}
	address := service.Status.LoadBalancer.Ingress[0].IP
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Get("http://" + net.JoinHostPort(address, port) + "/")
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1024))
	if err == nil && string(text) != name {
		err = fmt.Errorf("%s answers %q, not %q", address, text, name)
	}
	return address, err
}
