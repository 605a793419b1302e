"""Reading a .caffemodel without Caffe, and without executing anything in it.

The format is a protobuf message, ``NetParameter`` of caffe.proto. The few fields that hold weights
are declared here by number; protobuf skips all others.
"""

import math
from pathlib import Path

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from pipeline_lib.common.errors import InputError

_Field = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
_INT32, _INT64, _BYTES = _Field.TYPE_INT32, _Field.TYPE_INT64, _Field.TYPE_BYTES
# (name, number, label, type: a scalar, or a message of this table). Caffe declares data as packed
# floats and double_data as packed doubles. They are encoded like bytes, and are declared as bytes here:
# NumPy reads these at once, while protobuf would make a Python object of each of 138 million weights.
_MESSAGES = {
    "BlobShape": [("dim", 1, _MANY, _INT64)],
    "BlobProto": [
        ("num", 1, _ONE, _INT32),
        ("channels", 2, _ONE, _INT32),
        ("height", 3, _ONE, _INT32),
        ("width", 4, _ONE, _INT32),
        ("data", 5, _MANY, _BYTES),
        ("shape", 7, _ONE, "BlobShape"),
        ("double_data", 8, _MANY, _BYTES),
    ],
    "V1LayerParameter": [("name", 4, _ONE, _BYTES), ("blobs", 6, _MANY, "BlobProto")],
    "LayerParameter": [("name", 1, _ONE, _BYTES), ("blobs", 7, _MANY, "BlobProto")],
    "NetParameter": [
        ("layers", 2, _MANY, "V1LayerParameter"),  # until 2014
        ("layer", 100, _MANY, "LayerParameter"),
    ],
}
_MAX_AXES = 32  # Caffe's own limit


def read_caffemodel(path: Path) -> dict[str, list[np.ndarray]]:
    """Return the blobs (float32) of every layer with weights, by the layer's name.

    Raises InputError for a file that is missing, truncated or of another format, and for a blob whose
    numbers do not fill its shape or are not finite.
    """
    net = _net_parameter()()
    try:
        net.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except DecodeError:
        raise InputError(f"{path}: not a whole .caffemodel; fetch it again") from None
    blobs: dict[str, list[np.ndarray]] = {}
    for layer in (*net.layers, *net.layer):
        name = layer.name.decode(errors="replace")
        if name in blobs and layer.blobs:
            raise InputError(f"{path}: has two layers named {name}; fetch it again")
        if layer.blobs:
            blobs[name] = [_array(blob, f"{path}: layer {name}") for blob in layer.blobs]
    if not blobs:
        raise InputError(
            f"{path}: has no layer with weights: no .caffemodel, or one from before 2014; convert "
            "such a file with Caffe's upgrade_net_proto_binary"
        )
    return blobs


def _array(blob: Message, where: str) -> np.ndarray:
    shape = (blob.num, blob.channels, blob.height, blob.width)
    if blob.HasField("shape"):
        shape = tuple(blob.shape.dim)
    chunks, number = (blob.data, "<f4") if blob.data else (blob.double_data, "<f8")
    raw = b"".join(chunks)
    count = math.prod(shape)
    valid = len(shape) <= _MAX_AXES and min(shape, default=1) > 0
    if not valid or len(raw) != count * np.dtype(number).itemsize:
        raise InputError(
            f"{where}: {len(raw)} bytes do not fill a blob of {shape[:_MAX_AXES]}; "
            "fetch the file again"
        )
    values = np.frombuffer(raw, number).astype(np.float32).reshape(shape)
    if not np.isfinite(values).all():
        raise InputError(f"{where}: has weights that are not finite numbers; fetch the file again")
    return values


def _net_parameter() -> type[Message]:
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, number, label, kind in fields:
            field = message.field.add(name=name, number=number, label=label)
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                field.type = kind
    # Not the default pool: another package may declare Caffe's messages there.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))
