/** Blocks of the pod CIDR go to nodes in order, /24 each as the controller manager does by default; this node has the first. */
export function nodeBlock(podCidr: string): string {
  const [base = "", bits = "16"] = podCidr.split("/");
  return Number(bits) >= 24 ? podCidr : `${base}/24`;
}
