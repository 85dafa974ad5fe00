package storage

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

const (
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// The controller manager sets it on claims that wait for somebody outside; the first name is that of before 1.23.
var provisionerNames = []string{"volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"}

// claim makes folder and volume for a claim of ours that waits. Each step may be repeated, so a killed process is continued.
func (p *provisioner) claim(ctx context.Context, key string) error {
	object, exists, err := p.claims.GetByKey(key)
	if err != nil || !exists {
		return err
	}
	claim := object.(*corev1.PersistentVolumeClaim)
	if !p.isWaiting(claim) {
		return nil
	}
	class := &storagev1.StorageClass{}
	if err := p.storage.Get().Resource("storageclasses").Name(*claim.Spec.StorageClassName).Do(ctx).Into(class); err != nil {
		if apierrors.IsNotFound(err) {
			return nil // the controller manager says so on the claim
		}
		return err
	}
	if class.Provisioner != p.name {
		return nil
	}
	if problem := refusal(claim, class); problem != "" {
		p.failed(ctx, claim, problem)
		return nil
	}
	if claim.Annotations[selectedNode] != p.node {
		return nil // another node's, or no pod uses it yet
	}
	path, err := p.folders.make(claim.Namespace, claim.Name, string(claim.UID))
	if err != nil {
		p.failed(ctx, claim, fmt.Sprintf("making the folder on node %s: %v", p.node, err))
		return err
	}
	volume := p.volumeFor(claim, class, path)
	err = p.core.Post().Resource("persistentvolumes").Body(volume).Do(ctx).Error()
	if apierrors.IsAlreadyExists(err) {
		return p.checkExisting(ctx, claim, volume.Name)
	}
	if err != nil {
		p.failed(ctx, claim, fmt.Sprintf("making the volume: %v", err))
		return err
	}
	p.tell(ctx, claim, false, "ProvisioningSucceeded", fmt.Sprintf("made %s on node %s", path, p.node))
	return nil
}

func (p *provisioner) isWaiting(claim *corev1.PersistentVolumeClaim) bool {
	ours := false
	for _, name := range provisionerNames {
		ours = ours || claim.Annotations[name] == p.name
	}
	return ours && claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil && claim.Spec.StorageClassName != nil
}

// checkExisting is for a volume that a call before this one has made, which is no news.
func (p *provisioner) checkExisting(ctx context.Context, claim *corev1.PersistentVolumeClaim, name string) error {
	volume := &corev1.PersistentVolume{}
	if err := p.core.Get().Resource("persistentvolumes").Name(name).Do(ctx).Into(volume); err != nil {
		return err
	}
	if p.isOurs(volume) && volume.Spec.ClaimRef.UID == claim.UID {
		return nil
	}
	p.failed(ctx, claim, fmt.Sprintf("there is a PersistentVolume %s already, which was not made for this claim on node %s", name, p.node))
	return nil
}

// refusal says why a claim cannot be served at all; empty when it can.
func refusal(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) string {
	if class.VolumeBindingMode == nil || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer {
		return fmt.Sprintf("class %s has to have volumeBindingMode WaitForFirstConsumer: a folder is on the node where the pod runs", class.Name)
	}
	if len(class.Parameters) > 0 || len(class.MountOptions) > 0 {
		return fmt.Sprintf("class %s has parameters or mountOptions; a folder takes none", class.Name)
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != corev1.ReadWriteOnce {
			return fmt.Sprintf("access mode %s is not supported; a folder of one node is ReadWriteOnce", mode)
		}
	}
	if mode := claim.Spec.VolumeMode; mode != nil && *mode != corev1.PersistentVolumeFilesystem {
		return fmt.Sprintf("volume mode %s is not supported; a folder is a file system", *mode)
	}
	if claim.Spec.Selector != nil {
		return "a claim with a selector gets an existing volume, not a new one"
	}
	if claim.Spec.DataSource != nil {
		return fmt.Sprintf("data source %s %s is not supported; a new folder is empty", claim.Spec.DataSource.Kind, claim.Spec.DataSource.Name)
	}
	return ""
}

func (p *provisioner) volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, path string) *corev1.PersistentVolume {
	reclaim := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: volumeName(string(claim.UID)), Annotations: map[string]string{provisionedBy: p.name}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: reclaim,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{
					{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{p.hostname}},
				},
			}}}},
		},
	}
}

func (p *provisioner) failed(ctx context.Context, claim *corev1.PersistentVolumeClaim, problem string) {
	p.tell(ctx, claim, true, "ProvisioningFailed", problem)
}

func (p *provisioner) tell(ctx context.Context, claim *corev1.PersistentVolumeClaim, warning bool, reason, message string) {
	about := corev1.ObjectReference{
		APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
		ResourceVersion: claim.ResourceVersion,
	}
	p.events.Tell(ctx, kube.Event{About: about, Warning: warning, Reason: reason, Message: message})
}
