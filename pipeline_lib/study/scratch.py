"""The site's scratch folder, which jobs reach through a link in the study's results.

Paths of jobs then stay the same when the scratch folder is moved, so that nothing reruns. What was in
the old folder and is needed again is made again.
"""

import os
import uuid
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint


def link_scratch(link: str, scratch: str, study: str, move: bool) -> None:
    """Make ``link`` point to a folder of this study and this results folder in ``scratch``.

    A link that is there stays, unless it should ``move`` and points out of ``scratch``. Nothing is
    created in ``scratch`` before it should ``move``: a dry run leaves nothing. Raises InputError where
    a folder is in its place that should ``move``.
    """
    if os.path.isdir(link) and not os.path.islink(link):
        if move:
            raise InputError(
                f"{link}: is a folder, from before scratch was set; delete it (it can be made again) "
                f"or move what is in it to {scratch} and replace it by a link"
            )
        return
    scratch = os.path.abspath(os.path.expanduser(scratch))
    if os.path.islink(link) and (not move or os.path.dirname(os.readlink(link)) == scratch):
        return
    # Two folders of results must not share checkpoints.
    folder = f"{scratch}/{study}-{fingerprint(os.path.abspath(link))[:8]}"
    if not move and not os.path.isdir(folder):
        return
    os.makedirs(folder, exist_ok=True)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    temporary = Path(f"{link}.{uuid.uuid4().hex}")
    temporary.symlink_to(folder)
    os.replace(temporary, link)
