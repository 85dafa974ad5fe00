package metrics

import (
	"context"
	"log"
	"sort"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const (
	// Until a node has been measured twice, which is what a rate takes.
	firstInterval = 2 * time.Second
	// What a node said last counts no longer when it has been silent for so long.
	silence = 90 * time.Second
)

// usage is what the nodes measured last. Processor use is the rate between the last two measurements.
type usage struct {
	mutex sync.RWMutex
	nodes map[string]*measured
	// What went wrong with a node last, so that the log has it once.
	problems map[string]string
}

func newUsage() *usage { return &usage{nodes: map[string]*measured{}, problems: map[string]string{}} }

type measured struct {
	heard      time.Time
	containers map[container]pair
}

// pair are two measurements of one container; before is absent for a new one and after a restart, when its counter begins again.
type pair struct {
	before *reading
	last   reading
}

func (p pair) next(r reading) pair {
	switch {
	case !r.at.After(p.last.at): // the kubelet has not measured since
		return p
	case p.last.at.IsZero() || r.cpu < p.last.cpu:
		return pair{last: r}
	}
	last := p.last
	return pair{before: &last, last: r}
}

func (p pair) window() time.Duration { return p.last.at.Sub(p.before.at) }

func (p pair) list() corev1.ResourceList {
	nanocores := (p.last.cpu - p.before.cpu) / p.window().Seconds() * 1e9
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewScaledQuantity(int64(nanocores), resource.Nano),
		corev1.ResourceMemory: *resource.NewQuantity(int64(p.last.memory), resource.BinarySI),
	}
}

// keep asks all nodes again and again until ctx ends: often until it knows rates, then at the interval.
func (u *usage) keep(ctx context.Context, from *kubelets, nodes kube.Watched, interval time.Duration) {
	for {
		wait := interval
		if !u.ready() && firstInterval < interval {
			wait = firstInterval
		}
		u.ask(ctx, from, nodes)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (u *usage) ask(ctx context.Context, from *kubelets, nodes kube.Watched) {
	var asked sync.WaitGroup
	known := map[string]bool{}
	for _, object := range nodes.List() {
		node := object.(*corev1.Node)
		known[node.Name] = true
		asked.Add(1)
		go func() {
			defer asked.Done()
			readings, err := from.read(ctx, node)
			u.note(node.Name, err)
			if err != nil {
				return
			}
			u.add(node.Name, readings, time.Now())
		}()
	}
	asked.Wait()
	u.mutex.Lock()
	defer u.mutex.Unlock()
	for name, m := range u.nodes {
		if !known[name] || time.Since(m.heard) > silence {
			delete(u.nodes, name)
		}
	}
}

func (u *usage) note(node string, err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if problem != "" && problem != u.problems[node] {
		log.Printf("node %s: %s", node, problem)
	}
	u.problems[node] = problem
}

func (u *usage) add(node string, readings map[container]reading, now time.Time) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	old := u.nodes[node]
	if old == nil {
		old = &measured{}
	}
	containers := make(map[container]pair, len(readings))
	for key, r := range readings {
		containers[key] = old.containers[key].next(r)
	}
	u.nodes[node] = &measured{now, containers}
}

// ready tells whether a rate is known of any node.
func (u *usage) ready() bool {
	u.mutex.RLock()
	defer u.mutex.RUnlock()
	for _, m := range u.nodes {
		if m.containers[container{}].before != nil {
			return true
		}
	}
	return false
}

// ofNode is nil while no rate of it is known.
func (u *usage) ofNode(node *corev1.Node) *v1beta1.NodeMetrics {
	u.mutex.RLock()
	defer u.mutex.RUnlock()
	m := u.nodes[node.Name]
	if m == nil || m.containers[container{}].before == nil {
		return nil
	}
	p := m.containers[container{}]
	return &v1beta1.NodeMetrics{
		TypeMeta:   metav1.TypeMeta{Kind: "NodeMetrics", APIVersion: groupVersion},
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: node.Labels, CreationTimestamp: metav1.Now()},
		Timestamp:  metav1.NewTime(p.last.at), Window: metav1.Duration{Duration: p.window()}, Usage: p.list(),
	}
}

// ofPod is nil unless the rates of all its containers are known: an autoscaler would take a part for the whole.
func (u *usage) ofPod(pod *corev1.Pod) *v1beta1.PodMetrics {
	u.mutex.RLock()
	defer u.mutex.RUnlock()
	m := u.nodes[pod.Spec.NodeName]
	if m == nil {
		return nil
	}
	found := &v1beta1.PodMetrics{
		TypeMeta:   metav1.TypeMeta{Kind: "PodMetrics", APIVersion: groupVersion},
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: metav1.Now()},
	}
	for _, c := range pod.Spec.Containers {
		p, known := m.containers[container{pod.Namespace, pod.Name, c.Name}]
		if !known || p.before == nil {
			return nil
		}
		found.Containers = append(found.Containers, v1beta1.ContainerMetrics{Name: c.Name, Usage: p.list()})
		if p.last.at.After(found.Timestamp.Time) {
			found.Timestamp, found.Window = metav1.NewTime(p.last.at), metav1.Duration{Duration: p.window()}
		}
	}
	sort.Slice(found.Containers, func(i, j int) bool { return found.Containers[i].Name < found.Containers[j].Name })
	return found
}
