package ingress

import (
	"context"
	"encoding/json"
	"log"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// setStatuses writes the node's address into each Ingress that is served, and takes it out of those that are not any more.
func (c *controller) setStatuses(ctx context.Context, ours, former []*networkingv1.Ingress) {
	for _, ingress := range ours {
		if c.refused[ingress.UID] != nil {
			continue
		}
		if addresses := ingress.Status.LoadBalancer.Ingress; len(addresses) != 1 || addresses[0].IP != c.address {
			c.setStatus(ctx, ingress, c.address)
		}
	}
	for _, ingress := range former {
		c.setStatus(ctx, ingress, "")
	}
}

// isWritten is an Ingress whose status this program wrote, and nobody has emptied since.
func isWritten(ingress *networkingv1.Ingress) bool {
	if len(ingress.Status.LoadBalancer.Ingress) == 0 {
		return false
	}
	for _, entry := range ingress.ManagedFields {
		if entry.Manager == manager {
			return true
		}
	}
	return false
}

// setStatus writes the status of the Ingress as it was seen: not if it has changed since, which the watch tells.
func (c *controller) setStatus(ctx context.Context, ingress *networkingv1.Ingress, address string) {
	var addresses interface{}
	if address != "" {
		addresses = []map[string]string{{"ip": address}}
	}
	patch, err := json.Marshal(map[string]interface{}{
		"metadata": map[string]interface{}{"uid": ingress.UID, "resourceVersion": ingress.ResourceVersion},
		"status":   map[string]interface{}{"loadBalancer": map[string]interface{}{"ingress": addresses}},
	})
	if err == nil {
		err = c.networking.Patch(types.MergePatchType).Namespace(ingress.Namespace).Resource("ingresses").Name(ingress.Name).SubResource("status").
			Param("fieldManager", manager).Body(patch).Do(ctx).Error()
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		log.Printf("status of %s: %v", nameOf(ingress), err)
	}
}

// leave takes the address out of all Ingresses when the Deployment is being deleted: none names one that nobody answers at. In a restart
// they keep it.
func (c *controller) leave(owner string) error {
	defer c.haproxy.end()
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if owner == "" || !kube.IsDeleted(ctx, c.core, owner) {
		return nil
	}
	for _, object := range c.ingresses.List() {
		if ingress := object.(*networkingv1.Ingress); isWritten(ingress) {
			c.setStatus(ctx, ingress, "")
		}
	}
	return nil
}
