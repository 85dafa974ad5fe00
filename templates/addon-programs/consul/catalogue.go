package consul

import (
	"context"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// Several changes that come together are one look.
const together = 50 * time.Millisecond

// instance is one ready address behind a name.
type instance struct {
	id, name      string
	node          node
	address       string
	port          int
	tags          []string
	meta          map[string]string
	since, change uint64 // indexes of its first appearance and of its last change
}

type node struct{ id, name, address string }

// catalogue is what is known of the cluster, by name. Lookups go on from memory while the API is away.
type catalogue struct {
	datacenter                 string
	indexes                    *indexes
	services, endpoints, nodes kube.Watched

	mutex   sync.RWMutex
	filled  bool
	names   map[string][]instance
	touched map[string]uint64 // index of the last change of each name
	members []node
	index   uint64
}

func (c *catalogue) synced() bool {
	return c.services.HasSynced() && c.endpoints.HasSynced() && c.nodes.HasSynced()
}

// ready tells whether names can be answered: before, "there is no such name" would be a guess.
func (c *catalogue) ready() bool {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	return c.filled
}

// keep follows the cluster until ctx ends.
func (c *catalogue) keep(ctx context.Context, changed <-chan struct{}) {
	for !c.synced() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(together):
		}
	}
	for {
		c.renew()
		select {
		case <-ctx.Done():
			return
		case <-changed:
			time.Sleep(together)
		}
	}
}

// renew takes over what has changed; names that stay as they are keep their index, so nobody is woken for them.
func (c *catalogue) renew() {
	names, members := c.read()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	stale := !c.filled || !reflect.DeepEqual(members, c.members)
	next := c.indexes.next()
	touched := map[string]uint64{}
	for name, found := range names {
		before := c.names[name]
		for i := range found {
			found[i].since, found[i].change = next, next
			for _, old := range before {
				if old.id == found[i].id {
					found[i].since = old.since
					if sameInstance(old, found[i]) {
						found[i].change = old.change
					}
				}
			}
		}
		touched[name] = next
		if reflect.DeepEqual(before, found) {
			touched[name] = c.touched[name]
		}
		stale = stale || touched[name] == next
	}
	for name := range c.names {
		stale = stale || names[name] == nil
	}
	if !stale {
		return
	}
	c.names, c.members, c.touched, c.index, c.filled = names, members, touched, next, true
	c.indexes.wake()
}

func sameInstance(a, b instance) bool {
	a.since, a.change, b.since, b.change = 0, 0, 0, 0
	return reflect.DeepEqual(a, b)
}

// of gives the instances behind a name, and the index to wait from; those of a name that is not there change with everything.
func (c *catalogue) of(name string) ([]instance, uint64) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	if found, there := c.names[strings.ToLower(name)]; there {
		return found, c.touched[strings.ToLower(name)]
	}
	return nil, c.index
}

// all gives every name with its tags, and every node.
func (c *catalogue) all() (tags map[string][]string, members []node, index uint64) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	tags = map[string][]string{}
	for name, found := range c.names {
		tags[name] = []string{}
		seen := map[string]bool{}
		for _, i := range found {
			for _, tag := range i.tags {
				if !seen[tag] {
					tags[name] = append(tags[name], tag)
				}
				seen[tag] = true
			}
		}
		sort.Strings(tags[name])
	}
	return tags, c.members, c.index
}

// on gives the instances on a node.
func (c *catalogue) on(name string) (found []instance) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	for _, all := range c.names {
		for _, i := range all {
			if i.node.name == name {
				found = append(found, i)
			}
		}
	}
	sort.Slice(found, func(a, b int) bool { return found[a].id < found[b].id })
	return found
}

func (c *catalogue) read() (map[string][]instance, []node) {
	members := []node{}
	known := map[string]node{}
	for _, object := range c.nodes.List() {
		n := object.(*corev1.Node)
		one := node{id: string(n.UID), name: n.Name}
		for _, a := range n.Status.Addresses {
			if a.Type == corev1.NodeInternalIP && one.address == "" {
				one.address = a.Address
			}
		}
		known[n.Name] = one
		members = append(members, one)
	}
	sort.Slice(members, func(a, b int) bool { return members[a].name < members[b].name })
	names := map[string][]instance{}
	for _, object := range c.services.List() {
		service := object.(*corev1.Service)
		name, wanted := nameOf(service)
		object, exists, _ := c.endpoints.GetByKey(service.Namespace + "/" + service.Name)
		if !wanted || !exists {
			continue
		}
		names[name] = append(names[name], instancesOf(service, name, object.(*corev1.Endpoints), known)...)
		if len(names[name]) == 0 {
			delete(names, name) // what is not ready is not there
		}
	}
	for _, found := range names {
		found := found
		sort.Slice(found, func(a, b int) bool { return found[a].id < found[b].id })
	}
	return names, members
}
