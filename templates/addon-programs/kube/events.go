package kube

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// Events tells users about their objects, as `kubectl describe` shows it.
type Events struct {
	Core rest.Interface
	// Component is who says it.
	Component string
}

// Event is one message about an object.
type Event struct {
	About   corev1.ObjectReference
	Warning bool
	Reason  string
	Message string
}

// Tell writes the event. The same one about the same object again only raises its count, so that a call that is repeated
// for ever does not fill the cluster's store. A failure is logged: nobody's work depends on an event.
func (e *Events) Tell(ctx context.Context, event Event) {
	log.Printf("%s %s/%s: %s: %s", event.About.Kind, event.About.Namespace, event.About.Name, event.Reason, event.Message)
	sum := sha256.Sum256([]byte(string(event.About.UID) + "\x00" + event.Reason + "\x00" + event.Message))
	namespace := event.About.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault // where events about objects without a namespace are kept
	}
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	now := metav1.NewTime(time.Now())
	object := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%.200s.%x", event.About.Name, sum[:8])},
		InvolvedObject: event.About, Type: kind, Reason: event.Reason, Message: event.Message,
		Source: corev1.EventSource{Component: e.Component}, FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
	err := e.Core.Post().Namespace(namespace).Resource("events").Body(object).Do(ctx).Error()
	if apierrors.IsAlreadyExists(err) {
		err = e.again(ctx, namespace, object.Name)
	}
	if err != nil {
		log.Printf("event about %s %s: %v", event.About.Kind, event.About.Name, err)
	}
}

func (e *Events) again(ctx context.Context, namespace, name string) error {
	before := &corev1.Event{}
	if err := e.Core.Get().Namespace(namespace).Resource("events").Name(name).Do(ctx).Into(before); err != nil {
		return err
	}
	patch := fmt.Sprintf(`{"count":%d,"lastTimestamp":%q}`, before.Count+1, time.Now().UTC().Format(time.RFC3339))
	return e.Core.Patch(types.MergePatchType).Namespace(namespace).Resource("events").Name(name).Body([]byte(patch)).Do(ctx).Error()
}
