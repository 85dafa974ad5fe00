package ingress

import (
	"sort"

	networkingv1 "k8s.io/api/networking/v1"
)

const (
	// manager is the controller that our classes name, and who wrote a status, as the API server keeps it.
	manager           = "localkube.local/ingress"
	classAnnotation   = "kubernetes.io/ingress.class"
	defaultAnnotation = "ingressclass.kubernetes.io/is-default-class"
)

// chosen are the Ingresses to answer for, the oldest first: where two want the same, it wins. former are those that have an address from us
// and are not ours any more.
func (c *controller) chosen() (ours, former []*networkingv1.Ingress) {
	classes := map[string]bool{}
	withoutClass := false
	for _, object := range c.classes.List() {
		class := object.(*networkingv1.IngressClass)
		if class.Spec.Controller != manager {
			continue
		}
		classes[class.Name] = true
		if class.Annotations[defaultAnnotation] == "true" {
			withoutClass = true
		}
	}
	for _, object := range c.ingresses.List() {
		ingress := object.(*networkingv1.Ingress)
		class, named := classOf(ingress)
		switch {
		case ingress.DeletionTimestamp != nil:
		case named && classes[class] || !named && withoutClass:
			ours = append(ours, ingress)
		case isWritten(ingress):
			former = append(former, ingress)
		}
	}
	sort.Slice(ours, func(i, j int) bool {
		if a, b := ours[i].CreationTimestamp, ours[j].CreationTimestamp; !a.Equal(&b) {
			return a.Before(&b)
		}
		return nameOf(ours[i]) < nameOf(ours[j])
	})
	return ours, former
}

func classOf(ingress *networkingv1.Ingress) (class string, named bool) {
	if ingress.Spec.IngressClassName != nil {
		return *ingress.Spec.IngressClassName, true
	}
	class, named = ingress.Annotations[classAnnotation]
	return class, named
}

func nameOf(ingress *networkingv1.Ingress) string { return ingress.Namespace + "/" + ingress.Name }
