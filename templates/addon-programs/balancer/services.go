package balancer

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"sort"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// manager is who wrote a status, as the API server keeps it, and the class of Services that ask for this program by name.
const manager = "localkube.local/load-balancer"

// balance makes status and addresses right once. Services that have an address keep it; the oldest without one are first.
func (b *balancer) balance(ctx context.Context) {
	taken, err := b.takenByOthers()
	if err != nil {
		log.Printf("reading addresses: %v", err)
		return
	}
	wanted := map[string]bool{}
	var waiting []*corev1.Service
	for _, service := range b.oldestFirst() {
		address := addressOf(service)
		switch {
		case address == "" && service.Spec.Type == corev1.ServiceTypeLoadBalancer:
			waiting = append(waiting, service)
		case !b.isOurs(service):
			// nothing of ours
		case service.Spec.Type != corev1.ServiceTypeLoadBalancer:
			b.try(ctx, service, "")
		case !b.pool.contains(address) || taken[address] || isOtherThanAsked(service, address):
			waiting = append(waiting, service)
		default:
			taken[address], wanted[address] = true, true
		}
	}
	// The addresses first: a status never names one that nobody answers for.
	given := map[*corev1.Service]string{}
	for _, service := range waiting {
		if address := b.choose(ctx, service, taken); address != "" {
			taken[address], wanted[address], given[service] = true, true, address
		}
	}
	if err := b.port.have(wanted); err != nil {
		log.Printf("addresses of %s: %v", b.port.name(), err)
		return
	}
	for service, address := range given {
		b.try(ctx, service, address)
	}
}

func (b *balancer) oldestFirst() []*corev1.Service {
	var all []*corev1.Service
	for _, object := range b.services.List() {
		if service := object.(*corev1.Service); service.DeletionTimestamp == nil {
			all = append(all, service)
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if a, b := all[i].CreationTimestamp, all[j].CreationTimestamp; !a.Equal(&b) {
			return a.Before(&b)
		}
		return all[i].UID < all[j].UID
	})
	return all
}

// takenByOthers are the addresses of nodes and the node's own.
func (b *balancer) takenByOthers() (map[string]bool, error) {
	taken, err := b.port.others()
	for _, object := range b.nodes.List() {
		for _, address := range object.(*corev1.Node).Status.Addresses {
			taken[address.Address] = true
		}
	}
	return taken, err
}

// choose is an address for a Service that we may serve; empty when there is none, which the Service is told.
func (b *balancer) choose(ctx context.Context, service *corev1.Service, taken map[string]bool) string {
	if foreign, err := b.isForeign(ctx, service); err != nil || foreign {
		if err != nil && !apierrors.IsNotFound(err) {
			log.Printf("%s/%s: %v", service.Namespace, service.Name, err)
		}
		return ""
	}
	if asked := service.Spec.LoadBalancerIP; asked != "" {
		if b.pool.contains(asked) && !taken[asked] {
			return asked
		}
		b.refuse(ctx, service, fmt.Sprintf("loadBalancerIP %s is taken, or not one of %s to %s", asked, b.pool.first, b.pool.last))
		return ""
	}
	address := b.pool.free(taken)
	if address == "" {
		b.refuse(ctx, service, fmt.Sprintf("all addresses from %s to %s are taken", b.pool.first, b.pool.last))
	}
	return address
}

// isForeign asks for the Service as it is now, for its class: a field that the library of this program does not know yet.
func (b *balancer) isForeign(ctx context.Context, service *corev1.Service) (bool, error) {
	text, err := b.core.Get().Namespace(service.Namespace).Resource("services").Name(service.Name).Do(ctx).Raw()
	if err != nil {
		return false, err
	}
	var now struct {
		Metadata struct {
			UID types.UID `json:"uid"`
		} `json:"metadata"`
		Spec struct {
			Type  corev1.ServiceType `json:"type"`
			Class *string            `json:"loadBalancerClass"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(text, &now); err != nil {
		return false, err
	}
	return now.Metadata.UID != service.UID || now.Spec.Type != corev1.ServiceTypeLoadBalancer ||
		(now.Spec.Class != nil && *now.Spec.Class != manager), nil
}

// isOurs is a Service whose status this program wrote, now or with another range before.
func (b *balancer) isOurs(service *corev1.Service) bool {
	if addressOf(service) == "" {
		return false
	}
	for _, entry := range service.ManagedFields {
		if entry.Manager == manager {
			return true
		}
	}
	return false
}

func addressOf(service *corev1.Service) string {
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.IP != "" {
			return ingress.IP
		}
		return ingress.Hostname // somebody else's
	}
	return ""
}

func isOtherThanAsked(service *corev1.Service, address string) bool {
	return service.Spec.LoadBalancerIP != "" && service.Spec.LoadBalancerIP != address
}

func (b *balancer) try(ctx context.Context, service *corev1.Service, address string) {
	err := b.setAddress(ctx, service, address)
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err): // the watch tells what became of it
	case err != nil:
		log.Printf("%s/%s: %v", service.Namespace, service.Name, err)
	case address == "":
		log.Printf("%s/%s: took the address back", service.Namespace, service.Name)
	default:
		b.tell(ctx, service, false, "AddressAssigned", fmt.Sprintf("gave it %s", address))
	}
}

// setAddress writes the status of the Service as it was seen: not if it has changed since.
func (b *balancer) setAddress(ctx context.Context, service *corev1.Service, address string) error {
	var ingress interface{}
	if address != "" {
		ingress = []map[string]string{{"ip": address}}
	}
	patch, err := json.Marshal(map[string]interface{}{
		"metadata": map[string]interface{}{"uid": service.UID, "resourceVersion": service.ResourceVersion},
		"status":   map[string]interface{}{"loadBalancer": map[string]interface{}{"ingress": ingress}},
	})
	if err != nil {
		return err
	}
	return b.core.Patch(types.MergePatchType).Namespace(service.Namespace).Resource("services").Name(service.Name).SubResource("status").
		Param("fieldManager", manager).Body(patch).Do(ctx).Error()
}

func (b *balancer) refuse(ctx context.Context, service *corev1.Service, problem string) {
	b.tell(ctx, service, true, "NoAddress", problem)
}

func (b *balancer) tell(ctx context.Context, service *corev1.Service, warning bool, reason, message string) {
	about := corev1.ObjectReference{
		APIVersion: "v1", Kind: "Service", Namespace: service.Namespace, Name: service.Name, UID: service.UID, ResourceVersion: service.ResourceVersion,
	}
	b.events.Tell(ctx, kube.Event{About: about, Warning: warning, Reason: reason, Message: message})
}
