"""What an image set is: manifests, official layouts, images as tensors."""
