"""Folders of results with known scores, as a study leaves them."""

import pandas as pd

from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.reporting.tables.table import TABLE_COLUMNS


def plant_run(folder, tables, *, configuration=None, claims=None, by_image=True, ids=None):
    """Write a run of {table: {(row, metric): (n,) values in [0, 1], or the reason why there is none}}.

    ``ids`` are the names of the images, by default their numbers. ``by_image``: with their tables.
    """
    for table, cells in tables.items():
        lines = []
        for place, ((row, metric), values) in enumerate(cells.items()):
            if isinstance(values, str):
                lines.append((row, metric, 50.0, "", "", "", 0, values, "", "", ""))
                continue
            file = f"scores/{table}-{place}.images.csv"
            if by_image:
                images = range(len(values)) if ids is None else ids
                write_csv(
                    folder / file, pd.DataFrame({"image_id": images, "value": values.astype(float)})
                )
            low, high = error_interval(values)
            numbers = (100 * values.mean(), 100 * low, 100 * high, len(values))
            lines.append((row, metric, "", *numbers, "", "", f"../{file}", "value"))
        path = folder / "tables" / f"{table}.csv"
        write_csv(path, pd.DataFrame(lines, columns=list(TABLE_COLUMNS)))
    if configuration is not None:
        write_json(folder / "graph.json", {"configuration": configuration, "jobs": []})
    if claims is not None:
        write_csv(folder / "claims.csv", claims)
    return folder
