package kube

import (
	"context"
	"encoding/json"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

// IsDeleted tells whether a Deployment, `namespace/name`, is gone or about to go: a program that ends then does so for good.
func IsDeleted(ctx context.Context, core rest.Interface, deployment string) bool {
	parts := strings.SplitN(deployment, "/", 2)
	text, err := core.Get().AbsPath("/apis/apps/v1/namespaces", parts[0], "deployments", parts[len(parts)-1]).Do(ctx).Raw()
	if err != nil {
		return apierrors.IsNotFound(err)
	}
	var now struct {
		Metadata struct {
			DeletionTimestamp *string `json:"deletionTimestamp"`
		} `json:"metadata"`
	}
	return json.Unmarshal(text, &now) == nil && now.Metadata.DeletionTimestamp != nil
}
