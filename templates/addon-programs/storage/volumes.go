package storage

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

// volume removes the folder of a volume of ours whose claim is gone and whose policy is Delete, then the volume.
func (p *provisioner) volume(ctx context.Context, name string) error {
	object, exists, err := p.volumes.GetByKey(name)
	if err != nil || !exists || !p.isFree(object.(*corev1.PersistentVolume)) {
		return err
	}
	// As it is now, not as it was when the watch last told: somebody may have set Retain to keep the data.
	volume := &corev1.PersistentVolume{}
	if err := p.core.Get().Resource("persistentvolumes").Name(name).Do(ctx).Into(volume); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if !p.isFree(volume) {
		return nil
	}
	claim := volume.Spec.ClaimRef
	if err := p.folders.remove(claim.Namespace, claim.Name, string(claim.UID), volume.Spec.Local.Path); err != nil {
		p.events.Tell(ctx, kube.Event{
			About:   corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolume", Name: name, UID: volume.UID, ResourceVersion: volume.ResourceVersion},
			Warning: true, Reason: "VolumeFailedDelete", Message: err.Error(),
		})
		return err
	}
	sameObject := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &volume.UID}}
	err = p.core.Delete().Resource("persistentvolumes").Name(name).Body(&sameObject).Do(ctx).Error()
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (p *provisioner) isFree(volume *corev1.PersistentVolume) bool {
	return p.isOurs(volume) && volume.Status.Phase == corev1.VolumeReleased &&
		volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
}

// isOurs is a volume that this program made on this node, for a claim.
func (p *provisioner) isOurs(volume *corev1.PersistentVolume) bool {
	if volume.Annotations[provisionedBy] != p.name || volume.Spec.ClaimRef == nil || volume.Spec.Local == nil {
		return false
	}
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil || len(affinity.Required.NodeSelectorTerms) != 1 {
		return false
	}
	terms := affinity.Required.NodeSelectorTerms[0].MatchExpressions
	return len(terms) == 1 && terms[0].Key == corev1.LabelHostname && len(terms[0].Values) == 1 && terms[0].Values[0] == p.hostname
}
