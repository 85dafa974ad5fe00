package ingress

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func (c *controller) addCertificate(p *plan, ingress *networkingv1.Ingress, entry networkingv1.IngressTLS, problems problems) {
	if entry.SecretName == "" {
		return // the default certificate
	}
	if !isHost(entry.SecretName) {
		problems.add(ingress, problem{reason: "BadCertificate", message: fmt.Sprintf("%.100q is no name of a Secret", entry.SecretName)})
		return
	}
	object, exists, _ := c.secrets.GetByKey(ingress.Namespace + "/" + entry.SecretName)
	if !exists {
		message := fmt.Sprintf("there is no Secret %s of type %s, so the default certificate is shown", entry.SecretName, corev1.SecretTypeTLS)
		problems.add(ingress, problem{reason: "NoCertificate", message: message, mayCome: true})
		return
	}
	text, names, err := certificateOf(object.(*corev1.Secret))
	if err != nil {
		message := fmt.Sprintf("the Secret %s has no usable certificate: %v", entry.SecretName, err)
		problems.add(ingress, problem{reason: "BadCertificate", message: message})
		return
	}
	if len(entry.Hosts) > 0 {
		names = entry.Hosts
	}
	file := ingress.Namespace + ":" + entry.SecretName + ".pem"
	for _, host := range names {
		if host == "" || !isHost(host) {
			problems.add(ingress, problem{reason: "BadHost", message: fmt.Sprintf("%.100q is no host name", host)})
			continue
		}
		if before, taken := p.hosts[host]; taken {
			if before != file {
				message := fmt.Sprintf("the certificate of %s is that of the older Ingress %s", host, p.owners["TLS "+host])
				problems.add(ingress, problem{reason: "HostTaken", message: message})
			}
			continue
		}
		p.hosts[host], p.owners["TLS "+host], p.certificates[file] = file, nameOf(ingress), text
	}
}

// certificateOf is the Secret's chain and key in one text, with nothing else of what the Secret says, and the names in the certificate.
func certificateOf(secret *corev1.Secret) (text string, names []string, err error) {
	chain, key := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return "", nil, err
	}
	var whole bytes.Buffer
	for _, der := range pair.Certificate {
		_ = pem.Encode(&whole, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return "", nil, err
	}
	_ = pem.Encode(&whole, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return "", nil, err
	}
	names = leaf.DNSNames
	if len(names) == 0 {
		names = []string{leaf.Subject.CommonName}
	}
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	return whole.String(), names, nil
}

// selfSigned is shown to clients that ask for a host without a certificate. Its key is made anew at each start.
func selfSigned() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	name := "ingress.localkube.invalid"
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "localkube's default certificate"},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	whole := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return string(append(whole, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)), nil
}
