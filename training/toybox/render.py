"""The renderer: casts rays per pixel against the solids of a scene, compiled with numba.

Pictures are uint8 [H, W, 3] sRGB at any (square) resolution; anti-aliasing averages `samples` x `samples` rays per pixel.
Sphere, cube, cylinder and cone are met analytically, the ring by sphere tracing. Shadows are soft and analytic.

The styles see the same solids: "shaded" with light and shadow, "flat" in two tones without shadows, "line" in ink on paper with
a pale wash of colour, "pixel" in hard cells with few tones. Metal mirrors a bright sky over a dark horizon, in every style.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from toybox.world import COLOUR_RGB, GROUND_RGB, MATERIALS, SHAPES, STYLES, Scene

CUBE, SPHERE, CYLINDER, CONE, RING = range(len(SHAPES))
SHADED, FLAT, LINE, PIXEL = range(len(STYLES))
PIXEL_CELLS = 32  # along each side of a picture in pixel style
INK_WIDTH = 1 / 36  # of the picture's side
CAMERA_DISTANCE = 7.0
FAR = 1e9

# Proportions of each solid over its radius; heights agree with world.SHAPE_HEIGHT.
CUBE_HALF = 0.8
CYLINDER_RADIUS, CYLINDER_HALF = 0.76, 0.85
CONE_RADIUS, CONE_HEIGHT = 0.95, 1.9
RING_MAJOR, RING_MINOR = 0.74, 0.30

# A packed thing: shape, x, y, z, radius, cos yaw, sin yaw, red, green, blue, material.
THING_WIDTH = 11
# A packed view: camera 3, forward 3, right 3, up 3, light 3, ground 3, half picture height over distance.
VIEW_WIDTH = 19


def pack(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """A scene as numbers: things [2, THING_WIDTH] (shape -1 where there is none) and view [VIEW_WIDTH]."""
    things = np.full((2, THING_WIDTH), -1.0)
    for row, thing in zip(things, scene.things):
        position = (thing.x, thing.y, thing.z, thing.radius, math.cos(thing.yaw), math.sin(thing.yaw))
        row[:] = (SHAPES.index(thing.shape), *position, *COLOUR_RGB[thing.colour], MATERIALS.index(thing.material))
    cos_e, sin_e = math.cos(scene.elevation), math.sin(scene.elevation)
    cos_a, sin_a = math.cos(scene.azimuth), math.sin(scene.azimuth)
    backward = np.array((cos_e * sin_a, sin_e, cos_e * cos_a))
    camera = np.array(scene.target) + CAMERA_DISTANCE * backward
    right = np.array((cos_a, 0.0, -sin_a))
    up = np.cross(backward, right)
    half = scene.frame / 2 / CAMERA_DISTANCE
    view = np.concatenate((camera, -backward, right, up, scene.light, GROUND_RGB[scene.ground], (half,)))
    return things, view


@njit(fastmath=True, inline="always")
def _smooth(low, high, x):
    u = min(max((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


@njit(fastmath=True)
def _meet_cube(ox, oy, oz, dx, dy, dz, h):
    """Distance and normal where a ray meets the cube |x|, |y|, |z| <= h."""
    tx, ty, tz = (-math.copysign(h, dx) - ox) / dx, (-math.copysign(h, dy) - oy) / dy, (-math.copysign(h, dz) - oz) / dz
    near = max(tx, ty, tz)
    far = min((math.copysign(h, dx) - ox) / dx, (math.copysign(h, dy) - oy) / dy, (math.copysign(h, dz) - oz) / dz)
    if near > far or near <= 0.0:
        return FAR, 0.0, 0.0, 0.0
    if near == tx:
        return near, -math.copysign(1.0, dx), 0.0, 0.0
    if near == ty:
        return near, 0.0, -math.copysign(1.0, dy), 0.0
    return near, 0.0, 0.0, -math.copysign(1.0, dz)


@njit(fastmath=True)
def _meet_sphere(ox, oy, oz, dx, dy, dz, r):
    b = ox * dx + oy * dy + oz * dz
    disc = b * b - (ox * ox + oy * oy + oz * oz - r * r)
    if disc <= 0.0:
        return FAR, 0.0, 0.0, 0.0
    t = -b - math.sqrt(disc)
    return t, (ox + t * dx) / r, (oy + t * dy) / r, (oz + t * dz) / r


@njit(fastmath=True)
def _meet_cylinder(ox, oy, oz, dx, dy, dz, r, h):
    """The upright cylinder of radius r and half height h; only its top cap can be seen from above."""
    a = dx * dx + dz * dz
    b = ox * dx + oz * dz
    disc = b * b - a * (ox * ox + oz * oz - r * r)
    if disc <= 0.0:
        return FAR, 0.0, 0.0, 0.0
    t = (-b - math.sqrt(disc)) / a
    y = oy + t * dy
    if abs(y) <= h:
        return t, (ox + t * dx) / r, 0.0, (oz + t * dz) / r
    cap = (h - oy) / dy
    x, z = ox + cap * dx, oz + cap * dz
    if y > h and x * x + z * z <= r * r:
        return cap, 0.0, 1.0, 0.0
    return FAR, 0.0, 0.0, 0.0


@njit(fastmath=True)
def _meet_cone(ox, oy, oz, dx, dy, dz, r, h):
    """The cone with base radius r at y = 0 and its tip at y = h; its base is never seen."""
    k = (r / h) ** 2
    py = h - oy
    a = dx * dx + dz * dz - k * dy * dy
    b = ox * dx + oz * dz + k * py * dy
    disc = b * b - a * (ox * ox + oz * oz - k * py * py)
    if disc <= 0.0:
        return FAR, 0.0, 0.0, 0.0
    root = math.sqrt(disc)
    best = FAR
    for t in ((-b - root) / a, (-b + root) / a):
        if 0.0 < t < best and 0.0 <= oy + t * dy <= h:
            best = t
    if best == FAR:
        return FAR, 0.0, 0.0, 0.0
    x, y, z = ox + best * dx, oy + best * dy, oz + best * dz
    ny = k * (h - y)
    scale = 1.0 / math.sqrt(x * x + z * z + ny * ny)
    return best, x * scale, ny * scale, z * scale


@njit(fastmath=True)
def _meet_ring(ox, oy, oz, dx, dy, dz, major, minor):
    """The torus lying flat, by sphere tracing from its bounding sphere."""
    bound = major + minor
    b = ox * dx + oy * dy + oz * dz
    disc = b * b - (ox * ox + oy * oy + oz * oz - bound * bound)
    if disc <= 0.0:
        return FAR, 0.0, 0.0, 0.0
    t, end = -b - math.sqrt(disc), -b + math.sqrt(disc)
    for _ in range(48):
        x, y, z = ox + t * dx, oy + t * dy, oz + t * dz
        rho = math.sqrt(x * x + z * z)
        q = rho - major
        gap = math.sqrt(q * q + y * y) - minor
        if gap < 1e-3:
            inv = 1.0 / (gap + minor)
            radial = q * inv / max(rho, 1e-6)
            return t, x * radial, y * inv, z * radial
        t += gap
        if t > end:
            break
    return FAR, 0.0, 0.0, 0.0


@njit(fastmath=True)
def _meet(thing, ox, oy, oz, dx, dy, dz):
    """Distance and normal where a world ray meets a packed thing (FAR if nowhere)."""
    shape, r = int(thing[0]), thing[4]
    ox, oy, oz = ox - thing[1], oy - thing[2], oz - thing[3]
    middle = oy - 0.9 * r
    b = ox * dx + middle * dy + oz * dz
    if b * b - (ox * ox + middle * middle + oz * oz - 2.1 * r * r) <= 0.0:  # a sphere around every solid
        return FAR, 0.0, 0.0, 0.0
    if shape == CUBE:
        c, s, h = thing[5], thing[6], CUBE_HALF * r
        t, nx, ny, nz = _meet_cube(c * ox - s * oz, oy - h, s * ox + c * oz, c * dx - s * dz, dy, s * dx + c * dz, h)
        return t, c * nx + s * nz, ny, -s * nx + c * nz
    if shape == SPHERE:
        return _meet_sphere(ox, oy - r, oz, dx, dy, dz, r)
    if shape == CYLINDER:
        return _meet_cylinder(ox, oy - CYLINDER_HALF * r, oz, dx, dy, dz, CYLINDER_RADIUS * r, CYLINDER_HALF * r)
    if shape == CONE:
        return _meet_cone(ox, oy, oz, dx, dy, dz, CONE_RADIUS * r, CONE_HEIGHT * r)
    return _meet_ring(ox, oy - RING_MINOR * r, oz, dx, dy, dz, RING_MAJOR * r, RING_MINOR * r)


@njit(fastmath=True)
def _ground_light(things, view, x, z):
    """How much light reaches the ground at (x, z): 1 in the open, less in cast and contact shadows."""
    lx, ly, lz = view[12], view[13], view[14]
    flat = math.sqrt(lx * lx + lz * lz)
    ux, uz = lx / flat, lz / flat
    light = 1.0
    for thing in things:
        if thing[0] < 0.0:
            continue
        r = thing[4]
        lift = thing[2] + (0.3 if thing[0] == RING else 0.75) * r
        px, pz = x - (thing[1] - lift * lx / ly), z - (thing[3] - lift * lz / ly)
        along, across = px * ux + pz * uz, pz * ux - px * uz
        d = math.sqrt((along / 1.25) ** 2 + across**2) / r
        light *= 1.0 - 0.5 * (1.0 - _smooth(0.55, 1.15, d))
        if thing[2] <= 0.01:
            d = math.sqrt((x - thing[1]) ** 2 + (z - thing[3]) ** 2) / r
            light *= 1.0 - 0.3 * (1.0 - _smooth(0.7, 1.25, d))
    return light


@njit(fastmath=True)
def _meet_any(things, view, dx, dy, dz):
    """The thing that a unit ray from the camera meets first (-1: none), its distance and the normal there."""
    best, nx, ny, nz, hit = FAR, 0.0, 1.0, 0.0, -1
    for i in range(len(things)):
        if things[i, 0] >= 0.0:
            t, ax, ay, az = _meet(things[i], view[0], view[1], view[2], dx, dy, dz)
            if 0.0 < t < best:
                best, nx, ny, nz, hit = t, ax, ay, az, i
    return hit, best, nx, ny, nz


@njit(fastmath=True)
def _shade_ground(things, view, style, dx, dy, dz):
    """The colour of the ground, or of the backdrop behind it, along a ray that meets no thing."""
    t = -view[1] / dy
    x, z = view[0] + t * dx, view[2] + t * dz
    fade = _smooth(1.5, 8.5, -z)  # the ground runs out into a bright backdrop
    light = 1.0
    if style == SHADED:
        light = _ground_light(things, view, x, z)
    elif style == PIXEL:
        light = 0.72 if _ground_light(things, view, x, z) < 0.75 else 1.0
    if style != SHADED:
        fade = 1.0 if fade > 0.3 else 0.0
    red = (1.0 - fade) * view[15] * light + fade * 0.84
    green = (1.0 - fade) * view[16] * light + fade * 0.90
    blue = (1.0 - fade) * view[17] * light + fade * 0.96
    if style == LINE:
        wash = 0.3 * (1.0 - fade)
        return 0.98 + wash * (red - 0.98), 0.97 + wash * (green - 0.97), 0.94 + wash * (blue - 0.94)
    return red, green, blue


@njit(fastmath=True)
def _shade_thing(thing, view, style, distance, nx, ny, nz, dx, dy, dz):
    """The colour of a thing where a ray meets it: its own colour times `light`, plus `white`."""
    lambert = max(0.0, nx * view[12] + ny * view[13] + nz * view[14])
    mirrored = dy - 2.0 * (nx * dx + ny * dy + nz * dz) * ny  # how far up the mirrored ray looks
    metal = thing[10] > 0.5
    if style == SHADED:
        hx, hy, hz = view[12] - dx, view[13] - dy, view[14] - dz
        half = max(0.0, (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz))
        foot = _smooth(-0.3, 0.7, (view[1] + distance * dy - thing[2]) / thing[4])  # darker near what it stands on
        if metal:
            sky = _smooth(-0.05, 0.45, mirrored)
            light = (0.32 + 0.72 * sky + 0.15 * lambert) * (0.7 + 0.3 * foot)
            white = 0.16 * sky + 0.8 * half**60
        else:
            light = (0.37 + 0.07 * ny) * (0.55 + 0.45 * foot) + 0.62 * lambert
            white = 0.05 * half**12
    elif metal:
        bright = mirrored > 0.22
        light, white = (1.0, 0.25) if bright else (0.5, 0.0)
    elif style == PIXEL:
        light, white = (1.05 if lambert > 0.6 else 0.82 if lambert > 0.2 else 0.6), 0.0
    else:
        light, white = (1.0 if lambert > 0.3 else 0.84), 0.0
    red, green, blue = thing[7] * light + white, thing[8] * light + white, thing[9] * light + white
    if style == LINE:
        wash = 0.45
        return 0.98 + wash * (red - 0.98), 0.97 + wash * (green - 0.97), 0.94 + wash * (blue - 0.94)
    return red, green, blue


@njit(fastmath=True)
def _cast(things, view, style, u, v, out):
    """Writes what is seen at (u, v) of the image plane: red, green, blue, thing, normal."""
    dx = view[3] + u * view[6] + v * view[9]
    dy = view[4] + u * view[7] + v * view[10]
    dz = view[5] + u * view[8] + v * view[11]
    inv = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx * inv, dy * inv, dz * inv
    hit, t, nx, ny, nz = _meet_any(things, view, dx, dy, dz)
    if hit < 0:
        red, green, blue = _shade_ground(things, view, style, dx, dy, dz)
    else:
        red, green, blue = _shade_thing(things[hit], view, style, t, nx, ny, nz, dx, dy, dz)
    out[0], out[1], out[2] = min(red, 1.0), min(green, 1.0), min(blue, 1.0)
    out[3], out[4], out[5], out[6] = hit, nx, ny, nz


@njit(fastmath=True)
def _cast_all(things, view, style, seen):
    """Casts one ray for each entry of seen [side, side, 7]."""
    side = len(seen)
    step = 2.0 * view[18] / side
    for row in range(side):
        for column in range(side):
            _cast(things, view, style, (column + 0.5) * step - view[18], view[18] - (row + 0.5) * step, seen[row, column])


@njit(fastmath=True)
def _is_inked(seen, row, column, reach):
    """Whether an outline or an edge of a solid runs within `reach` of a ray."""
    here = seen[row, column]
    for i in range(-1, 2):
        for j in range(-1, 2):
            far = reach if i == 0 or j == 0 else (reach * 7 + 5) // 10
            y, x = row + i * far, column + j * far
            if 0 <= y < len(seen) and 0 <= x < len(seen):
                there = seen[y, x]
                if there[3] != here[3]:
                    return True
                if here[3] >= 0.0 and here[4] * there[4] + here[5] * there[5] + here[6] * there[6] < 0.55:
                    return True
    return False


@njit(fastmath=True)
def _draw(things, view, style, samples, out):
    size = len(out)
    if style == PIXEL:
        cells = min(PIXEL_CELLS, size)
        seen = np.empty((cells, cells, 7), dtype=np.float32)
        _cast_all(things, view, style, seen)
        for row in range(size):
            for column in range(size):
                y, x = row * cells // size, column * cells // size
                tone = 0.94 if seen[y, x, 3] < 0.0 and (x + y) % 2 == 0 else 1.0  # the ground is a chequered dither
                for channel in range(3):
                    out[row, column, channel] = int(255.0 * tone * seen[y, x, channel] + 0.5)
        return
    side = size * samples
    seen = np.empty((side, side, 7), dtype=np.float32)
    _cast_all(things, view, style, seen)
    reach = max(1, int(side * INK_WIDTH / 2 + 0.5))
    scale = 255.0 / (samples * samples)
    for row in range(size):
        for column in range(size):
            red = green = blue = 0.0
            for y in range(row * samples, (row + 1) * samples):
                for x in range(column * samples, (column + 1) * samples):
                    if style == LINE and _is_inked(seen, y, x, reach):
                        red, green, blue = red + 0.13, green + 0.13, blue + 0.17
                    else:
                        red, green, blue = red + seen[y, x, 0], green + seen[y, x, 1], blue + seen[y, x, 2]
            out[row, column, 0] = int(red * scale + 0.5)
            out[row, column, 1] = int(green * scale + 0.5)
            out[row, column, 2] = int(blue * scale + 0.5)


@njit(parallel=True, fastmath=True)
def _draw_all(things, views, styles, samples, out):
    for i in prange(len(out)):
        _draw(things[i], views[i], styles[i], samples, out[i])


def render(scenes: list[Scene], size: int, samples: int = 4) -> np.ndarray:
    """Pictures of scenes: uint8 [N, size, size, 3]."""
    packed = [pack(scene) for scene in scenes]
    styles = np.array([STYLES.index(scene.style) for scene in scenes])
    out = np.empty((len(scenes), size, size, 3), dtype=np.uint8)
    _draw_all(np.stack([p[0] for p in packed]), np.stack([p[1] for p in packed]), styles, samples, out)
    return out


@njit(fastmath=True)
def _find_all(things, views, out):
    size = out.shape[1]
    seen = np.empty((size, size, 7), dtype=np.float32)
    for i in range(len(out)):
        _cast_all(things[i], views[i], FLAT, seen)
        out[i] = seen[:, :, 3].astype(np.int8)


def find_things(scenes: list[Scene], size: int) -> np.ndarray:
    """Which thing is seen at each pixel's middle: int8 [N, size, size], the thing's index, -1 where there is none."""
    packed = [pack(scene) for scene in scenes]
    out = np.empty((len(scenes), size, size), dtype=np.int8)
    _find_all(np.stack([p[0] for p in packed]), np.stack([p[1] for p in packed]), out)
    return out
