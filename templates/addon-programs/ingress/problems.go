package ingress

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// What is only not there yet is told when it has not come for so long: objects that are applied together come one after the other.
const comingTime = 5 * time.Second

// A problem is why a part of an Ingress is not served.
type problem struct {
	reason, message string
	mayCome         bool
}

// problems by the uid of their Ingress.
type problems map[types.UID]*problemsOf

type problemsOf struct {
	ingress *networkingv1.Ingress
	all     []problem
}

// add does nothing without problems: whoever plans a second time has told them already.
func (p problems) add(ingress *networkingv1.Ingress, one problem) {
	if p == nil {
		return
	}
	if p[ingress.UID] == nil {
		p[ingress.UID] = &problemsOf{ingress: ingress}
	}
	p[ingress.UID].all = append(p[ingress.UID].all, one)
}

// told remembers since when there is a problem, and that it was told, so that each is told once while it lasts.
type told struct {
	events *kube.Events
	known  map[string]*telling
}

type telling struct {
	since time.Time
	done  bool
}

func newTold(events *kube.Events) *told { return &told{events: events, known: map[string]*telling{}} }

// tell writes events, and returns when to look again.
func (t *told) tell(ctx context.Context, problems problems) time.Duration {
	again := lookEvery
	known := map[string]*telling{}
	for uid, of := range problems {
		for _, one := range of.all {
			key := string(uid) + one.reason + one.message
			now := t.known[key]
			if now == nil {
				now = &telling{since: time.Now()}
			}
			known[key] = now
			if wait := time.Until(now.since.Add(comingTime)); one.mayCome && wait > 0 {
				if wait < again {
					again = wait
				}
				continue
			}
			if !now.done {
				now.done = true
				t.events.Tell(ctx, kube.Event{About: about(of.ingress), Warning: true, Reason: one.reason, Message: one.message})
			}
		}
	}
	t.known = known
	return again
}

func about(ingress *networkingv1.Ingress) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "Ingress",
		Namespace: ingress.Namespace, Name: ingress.Name, UID: ingress.UID, ResourceVersion: ingress.ResourceVersion,
	}
}
