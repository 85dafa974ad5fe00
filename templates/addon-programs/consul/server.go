package consul

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

const (
	waitDefault = 5 * time.Minute
	waitMost    = 10 * time.Minute
	// The version whose answers these are like.
	likeVersion = "1.22.0"
)

// server answers Consul's HTTP API, as far as clients need it that look for services or keep values.
type server struct {
	catalogue          *catalogue
	store              *store
	indexes            *indexes
	datacenter, domain string
	address            string
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	kube.AddProbes(mux, s.catalogue.ready)
	mux.HandleFunc("/v1/kv/", s.keyValue)
	mux.HandleFunc("/v1/", s.read)
	return mux
}

// page is a part of the API: its answer, and the index of what it is about.
type page struct {
	index  func() uint64
	answer func() interface{}
}

func (s *server) read(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	found, ok := s.page(path, r)
	if !ok {
		text := "localkube's stand-in for Consul has no /v1/" + path
		if strings.HasSuffix(path, "register") || strings.Contains(path, "register/") {
			text = "services are registered by Services of Kubernetes, and by nothing else"
		}
		http.Error(w, text, http.StatusNotImplemented)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "method "+r.Method+" not allowed", http.StatusMethodNotAllowed)
		return
	}
	if !s.accept(w, r) || !s.block(w, r, found.index) {
		return
	}
	w.Header().Set("X-Consul-Index", strconv.FormatUint(found.index(), 10))
	write(w, r, found.answer())
}

func (s *server) page(path string, r *http.Request) (page, bool) {
	all := func() uint64 { _, _, index := s.catalogue.all(); return index }
	fixed := func(value interface{}) (page, bool) {
		return page{all, func() interface{} { return value }}, true
	}
	area, name := path, ""
	if parts := strings.SplitN(path, "/", 3); len(parts) == 3 {
		area, name = parts[0]+"/"+parts[1], parts[2]
	}
	of := func(of func(instance) interface{}) (page, bool) {
		index := func() uint64 { _, index := s.catalogue.of(name); return index }
		return page{index, func() interface{} { return s.instances(name, r, of) }}, name != ""
	}
	switch area {
	case "status/leader":
		return fixed(net.JoinHostPort(s.address, "8300"))
	case "status/peers":
		return fixed([]string{net.JoinHostPort(s.address, "8300")})
	case "agent/self":
		return fixed(s.self())
	case "catalog/datacenters":
		return fixed([]string{s.datacenter})
	case "catalog/services":
		return page{all, func() interface{} { tags, _, _ := s.catalogue.all(); return tags }}, true
	case "catalog/nodes":
		return page{all, func() interface{} { return s.members() }}, true
	case "catalog/node":
		return page{all, func() interface{} { return s.node(name) }}, name != ""
	case "catalog/service":
		return of(s.catalogued)
	case "health/service":
		return of(s.healthy)
	case "health/checks":
		return of(func(i instance) interface{} { return checkOf(i) })
	}
	return page{}, false
}

// accept refuses what would be answered wrongly because it is not understood.
func (s *server) accept(w http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	for _, key := range []string{"filter", "node-meta", "peer", "acquire", "release"} {
		if query.Get(key) != "" {
			http.Error(w, "localkube's stand-in for Consul does not understand ?"+key+"=", http.StatusBadRequest)
			return false
		}
	}
	if dc := query.Get("dc"); dc != "" && dc != s.datacenter {
		http.Error(w, "No path to datacenter", http.StatusInternalServerError)
		return false
	}
	if !s.catalogue.ready() {
		http.Error(w, "the cluster's Services are not known yet", http.StatusInternalServerError)
		return false
	}
	return true
}

// block is a blocking query: it returns when what is asked for has gone beyond ?index=, or after ?wait=. False: that was no number or no time, which the client was told.
func (s *server) block(w http.ResponseWriter, r *http.Request, index func() uint64) bool {
	query := r.URL.Query()
	if query.Get("index") == "" {
		return true
	}
	since, err := strconv.ParseUint(query.Get("index"), 10, 64)
	limit := waitDefault
	if text := query.Get("wait"); err == nil && text != "" {
		limit, err = time.ParseDuration(text)
	}
	if err != nil {
		http.Error(w, "Invalid index or wait: "+err.Error(), http.StatusBadRequest)
		return false
	}
	if limit <= 0 || limit > waitMost {
		limit = waitMost
	}
	if since > 0 {
		s.indexes.wait(r.Context(), since, limit, index)
	}
	return true
}

func write(w http.ResponseWriter, r *http.Request, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Consul-KnownLeader", "true")
	w.Header().Set("X-Consul-LastContact", "0")
	encoder := json.NewEncoder(w)
	if _, pretty := r.URL.Query()["pretty"]; pretty {
		encoder.SetIndent("", "    ")
	}
	_ = encoder.Encode(value) // a client that is gone cannot be told
}

type object map[string]interface{}

// instances are those with every tag that was asked for. What is not ready is not there, so all are passing.
func (s *server) instances(name string, r *http.Request, of func(instance) interface{}) []interface{} {
	found, _ := s.catalogue.of(name)
	for _, tag := range r.URL.Query()["tag"] {
		found = tagged(found, tag)
	}
	answer := []interface{}{}
	for _, i := range found {
		answer = append(answer, of(i))
	}
	return answer
}

func (s *server) catalogued(i instance) interface{} {
	return object{
		"ID": i.node.id, "Node": i.node.name, "Address": i.node.address, "Datacenter": s.datacenter,
		"TaggedAddresses": addresses(i.node.address), "NodeMeta": object{}, "ServiceKind": "", "ServiceID": i.id, "ServiceName": i.name,
		"ServiceTags": i.tags, "ServiceAddress": i.address, "ServicePort": i.port, "ServiceMeta": i.meta,
		"ServiceTaggedAddresses": object{}, "ServiceWeights": weights, "ServiceEnableTagOverride": false,
		"CreateIndex": i.since, "ModifyIndex": i.change,
	}
}

func (s *server) healthy(i instance) interface{} {
	return object{"Node": s.member(i.node), "Service": serviceOf(i), "Checks": []object{checkOf(i)}}
}

func serviceOf(i instance) object {
	return object{
		"ID": i.id, "Service": i.name, "Tags": i.tags, "Address": i.address, "Port": i.port, "Meta": i.meta, "TaggedAddresses": object{},
		"Weights": weights, "EnableTagOverride": false, "CreateIndex": i.since, "ModifyIndex": i.change,
	}
}

func checkOf(i instance) object {
	return object{
		"Node": i.node.name, "CheckID": "service:" + i.id, "Name": "Readiness of the pod", "Status": "passing", "Notes": "", "Output": "",
		"ServiceID": i.id, "ServiceName": i.name, "ServiceTags": i.tags, "Type": "", "Definition": object{},
		"CreateIndex": i.since, "ModifyIndex": i.change,
	}
}

var weights = object{"Passing": 1, "Warning": 1}

func addresses(address string) object { return object{"lan": address, "wan": address} }

func (s *server) member(n node) object {
	return object{
		"ID": n.id, "Node": n.name, "Address": n.address, "Datacenter": s.datacenter, "TaggedAddresses": addresses(n.address), "Meta": object{},
	}
}

func (s *server) members() []object {
	_, members, _ := s.catalogue.all()
	answer := []object{}
	for _, n := range members {
		answer = append(answer, s.member(n))
	}
	return answer
}

// node gives one with what runs on it, by id; nil for one that is not there.
func (s *server) node(name string) interface{} {
	_, members, _ := s.catalogue.all()
	for _, n := range members {
		if n.name == name {
			services := object{}
			for _, i := range s.catalogue.on(name) {
				services[i.id] = serviceOf(i)
			}
			return object{"Node": s.member(n), "Services": services}
		}
	}
	return nil
}

// self is what clients look at when they connect: the datacenter and the version.
func (s *server) self() object {
	name := "localkube"
	return object{
		"Config": object{
			"Datacenter": s.datacenter, "PrimaryDatacenter": s.datacenter, "NodeName": name, "Server": true,
			"Version": likeVersion, "Revision": "localkube",
		},
		"DebugConfig": object{"DNSDomain": s.domain + "."},
		"Member": object{
			"Name": name, "Addr": s.address, "Port": 8301, "Status": 1,
			"Tags": object{"dc": s.datacenter, "role": "consul", "build": fmt.Sprintf("%s:localkube", likeVersion)},
		},
		"Meta": object{},
	}
}
