package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

const (
	askTimeout   = 10 * time.Second
	largestReply = 32 << 20
)

// kubelets asks the kubelets of the cluster with the rights of the service account. Their certificates are verified by the cluster's
// authority, which is the one that the API server's is verified by.
type kubelets struct{ client *http.Client }

func newKubelets(config *rest.Config) (*kubelets, error) {
	config = rest.CopyConfig(config)
	config.Timeout = askTimeout
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	return &kubelets{&http.Client{Transport: transport, Timeout: askTimeout}}, nil
}

// container names what a measurement is of; the node itself has no names.
type container struct{ namespace, pod, name string }

// reading is what a kubelet measured at one time: processor seconds since the start of the container or node, and bytes in use.
type reading struct {
	at     time.Time
	cpu    float64
	memory float64
}

func (r reading) complete() bool { return !r.at.IsZero() && r.memory > 0 }

func (k *kubelets) read(ctx context.Context, node *corev1.Node) (map[container]reading, error) {
	address := ""
	for _, a := range node.Status.Addresses {
		if a.Type == corev1.NodeInternalIP && address == "" {
			address = a.Address
		}
	}
	port := int(node.Status.DaemonEndpoints.KubeletEndpoint.Port)
	if address == "" || port == 0 {
		return nil, errors.New("it has no address yet")
	}
	url := "https://" + net.JoinHostPort(address, strconv.Itoa(port)) + "/metrics/resource"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	reply, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, reply.Status)
	}
	return parse(io.LimitReader(reply.Body, largestReply))
}

// parse reads the names of kubelets since 1.18. A container that only one of its two figures is known of is left out.
func parse(text io.Reader) (map[container]reading, error) {
	families, err := new(expfmt.TextParser).TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	found := map[container]reading{}
	add := func(name string, set func(r *reading, value float64, at time.Time)) {
		for _, metric := range families[name].GetMetric() {
			key := containerOf(metric)
			r := found[key]
			value := metric.GetCounter().GetValue()
			if metric.GetGauge() != nil {
				value = metric.GetGauge().GetValue()
			} else if metric.GetUntyped() != nil {
				value = metric.GetUntyped().GetValue()
			}
			at := time.Now()
			if metric.TimestampMs != nil {
				at = time.UnixMilli(metric.GetTimestampMs())
			}
			set(&r, value, at)
			found[key] = r
		}
	}
	cpu := func(r *reading, value float64, at time.Time) { r.cpu, r.at = value, at }
	memory := func(r *reading, value float64, _ time.Time) { r.memory = value }
	for _, of := range []string{"node", "container"} {
		add(of+"_cpu_usage_seconds_total", cpu)
		add(of+"_memory_working_set_bytes", memory)
	}
	for key, r := range found {
		if !r.complete() {
			delete(found, key)
		}
	}
	return found, nil
}

func containerOf(metric *dto.Metric) (c container) {
	for _, label := range metric.GetLabel() {
		switch label.GetName() {
		case "namespace":
			c.namespace = label.GetValue()
		case "pod":
			c.pod = label.GetValue()
		case "container":
			c.name = label.GetValue()
		}
	}
	return c
}
