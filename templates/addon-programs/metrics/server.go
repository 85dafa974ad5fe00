package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const groupVersion = "metrics.k8s.io/v1beta1"

// server answers the API. Each request comes through the front proxy (the API server), in the name of a user who may do it.
type server struct {
	nodes, pods kube.Watched
	usage       *usage
	proxy       *frontProxy
	may         *authorizer
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	kube.AddProbes(mux, s.ready)
	mux.HandleFunc("/", s.answer)
	return mux
}

func (s *server) ready() bool {
	return s.nodes.HasSynced() && s.pods.HasSynced() && s.proxy.config.HasSynced() && s.usage.ready()
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	user, err := s.proxy.userOf(r)
	if err != nil {
		failed(w, apierrors.NewUnauthorized(err.Error()))
		return
	}
	what := wantedOf(r.URL.Path)
	if what == nil {
		failed(w, apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, "", r.URL.Path+" is not served here", 0, true))
		return
	}
	if problem := s.may.refusal(r.Context(), user, what, r.URL.Path); problem != nil {
		failed(w, problem)
		return
	}
	if watch := r.URL.Query().Get("watch"); r.Method != http.MethodGet || (watch != "" && watch != "0" && watch != "false") {
		failed(w, apierrors.NewMethodNotSupported(schema.GroupResource{Group: v1beta1.GroupName, Resource: what.resource}, "anything but get and list"))
		return
	}
	reply, problem := s.reply(r, what)
	if problem != nil {
		failed(w, problem)
		return
	}
	write(w, http.StatusOK, reply)
}

// wanted is what a path names. Without a resource it is one of the pages that tell what there is.
type wanted struct{ resource, namespace, name string }

// wantedOf is nil for a path that is none of this API's.
func wantedOf(path string) *wanted {
	path = strings.TrimSuffix(path, "/")
	if path == "/apis" || path == "/apis/"+v1beta1.GroupName || path == "/apis/"+groupVersion {
		return &wanted{}
	}
	parts := strings.Split(strings.TrimPrefix(path, "/apis/"+groupVersion+"/"), "/")
	if !strings.HasPrefix(path, "/apis/"+groupVersion+"/") {
		return nil
	}
	for _, part := range parts {
		if part == "" {
			return nil
		}
	}
	what := &wanted{}
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] == "pods" {
		what.namespace, parts = parts[1], parts[2:]
	} else if parts[0] != "nodes" && (parts[0] != "pods" || len(parts) > 1) {
		return nil
	}
	if len(parts) > 2 {
		return nil
	}
	what.resource = parts[0]
	if len(parts) == 2 {
		what.name = parts[1]
	}
	return what
}

func (s *server) reply(r *http.Request, what *wanted) (interface{}, *apierrors.StatusError) {
	if what.resource == "" {
		return page(strings.TrimSuffix(r.URL.Path, "/")), nil
	}
	group := schema.GroupResource{Group: v1beta1.GroupName, Resource: what.resource}
	if what.name != "" {
		if found := s.one(what); found != nil {
			return found, nil
		}
		return nil, apierrors.NewNotFound(group, strings.TrimPrefix(what.namespace+"/"+what.name, "/"))
	}
	selected, err := selectorOf(r)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if what.resource == "nodes" {
		return s.nodeList(selected), nil
	}
	return s.podList(what.namespace, selected), nil
}

func (s *server) one(what *wanted) interface{} {
	if what.resource == "nodes" {
		if object, known, _ := s.nodes.GetByKey(what.name); known {
			if found := s.usage.ofNode(object.(*corev1.Node)); found != nil {
				return found
			}
		}
		return nil
	}
	if object, known, _ := s.pods.GetByKey(what.namespace + "/" + what.name); known {
		if found := s.usage.ofPod(object.(*corev1.Pod)); found != nil {
			return found
		}
	}
	return nil
}

func (s *server) nodeList(selected func(metav1.Object) bool) *v1beta1.NodeMetricsList {
	list := &v1beta1.NodeMetricsList{TypeMeta: metav1.TypeMeta{Kind: "NodeMetricsList", APIVersion: groupVersion}, Items: []v1beta1.NodeMetrics{}}
	for _, object := range s.nodes.List() {
		node := object.(*corev1.Node)
		if !selected(node) {
			continue
		}
		if found := s.usage.ofNode(node); found != nil {
			list.Items = append(list.Items, *found)
		}
	}
	sort.Slice(list.Items, func(i, j int) bool { return list.Items[i].Name < list.Items[j].Name })
	return list
}

func (s *server) podList(namespace string, selected func(metav1.Object) bool) *v1beta1.PodMetricsList {
	list := &v1beta1.PodMetricsList{TypeMeta: metav1.TypeMeta{Kind: "PodMetricsList", APIVersion: groupVersion}, Items: []v1beta1.PodMetrics{}}
	for _, object := range s.pods.List() {
		pod := object.(*corev1.Pod)
		if (namespace != "" && pod.Namespace != namespace) || !selected(pod) {
			continue
		}
		if found := s.usage.ofPod(pod); found != nil {
			list.Items = append(list.Items, *found)
		}
	}
	sort.Slice(list.Items, func(i, j int) bool {
		a, b := list.Items[i], list.Items[j]
		return a.Namespace < b.Namespace || (a.Namespace == b.Namespace && a.Name < b.Name)
	})
	return list
}

// selectorOf reads the query: labels, and the two fields that every kind has.
func selectorOf(r *http.Request) (func(metav1.Object) bool, error) {
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, err
	}
	byField, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		return nil, err
	}
	for _, requirement := range byField.Requirements() {
		if requirement.Field != "metadata.name" && requirement.Field != "metadata.namespace" {
			return nil, fmt.Errorf("field %s cannot be selected by", requirement.Field)
		}
	}
	return func(object metav1.Object) bool {
		known := fields.Set{"metadata.name": object.GetName(), "metadata.namespace": object.GetNamespace()}
		return byLabel.Matches(labels.Set(object.GetLabels())) && byField.Matches(known)
	}, nil
}

// page is one of the three pages from which clients learn what is served.
func page(path string) interface{} {
	version := metav1.GroupVersionForDiscovery{GroupVersion: groupVersion, Version: v1beta1.SchemeGroupVersion.Version}
	group := metav1.APIGroup{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: v1beta1.GroupName,
		Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
	}
	verbs := metav1.Verbs{"get", "list"}
	switch path {
	case "/apis":
		return &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{group}}
	case "/apis/" + v1beta1.GroupName:
		return &group
	}
	return &metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: groupVersion,
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: verbs},
		},
	}
}

func failed(w http.ResponseWriter, problem *apierrors.StatusError) {
	status := problem.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	write(w, int(status.Code), status)
}

func write(w http.ResponseWriter, code int, reply interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(reply) // a client that is gone cannot be told
}
