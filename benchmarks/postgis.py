"""PostGIS as a rival of grid.py: zones in a table with a GiST index, each batch of paths copied in and joined to them.

The server is the one that libpq's environment names (PGHOST, PGPORT, PGUSER, PGDATABASE, ...), its database one with
the extension; tables are temporary, and nothing stays behind. A batch costs all from arrays to arrays: copying the
paths, a GiST index of them, the join, fetching its pairs. The index pays: without it each path looks up its zones, and
PostGIS keeps a polygon prepared only while the same one is asked about. Shapely's stay prepared from batch to batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from kernel import Swept, Workload

if TYPE_CHECKING:
    from psycopg import Connection

JOIN = """
SELECT aircraft, zone, ST_Contains(shape, ST_EndPoint(line))
FROM paths JOIN zones ON ST_Intersects(shape, line)
"""


def connect() -> Connection[Any] | None:
    """Return a session with PostGIS, None where there is none, which is said."""
    try:
        import psycopg
    except ImportError:
        print("psycopg is not installed, and PostGIS left out")
        return None
    try:
        server = psycopg.connect(autocommit=True)
        server.execute("SELECT postgis_version()")
    except psycopg.Error as error:
        print(f"PostGIS is left out: {str(error).splitlines()[0]}")
        return None
    return server


def rival(server: Connection[Any], work: Workload) -> Callable[[Workload], Swept]:
    """Return the question about paths, the zones being in a table from now on."""
    server.execute("DROP TABLE IF EXISTS pg_temp.zones")
    server.execute("CREATE TEMP TABLE zones (zone integer, shape geometry)")
    fill(server, "zones", work.polygons)
    server.execute("CREATE INDEX ON zones USING gist (shape)")
    server.execute("ANALYZE zones")
    return partial(swept, server)


def swept(server: Connection[Any], work: Workload) -> Swept:
    with server.transaction():
        server.execute("CREATE TEMP TABLE paths (aircraft integer, line geometry) ON COMMIT DROP")
        fill(server, "paths", work.lines())
        server.execute("CREATE INDEX ON paths USING gist (line)")
        pairs = server.execute(JOIN, binary=True).fetchall()
    aircraft, zone, ends_inside = np.array(pairs, int).reshape(-1, 3).T
    hit = ends_inside == 1
    return (aircraft[hit], zone[hit]), (aircraft, zone)


def fill(server: Connection[Any], table: str, shapes: np.ndarray) -> None:
    rows = "".join(f"{number}\t{shape}\n" for number, shape in enumerate(shapely.to_wkb(shapes, hex=True)))
    with server.cursor() as cursor, cursor.copy(f"COPY pg_temp.{table} FROM STDIN") as copy:
        copy.write(rows)
