"""Steps that train networks or take ready-trained ones."""
