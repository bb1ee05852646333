"""The renderer: casts rays per pixel against the solids of a scene, compiled with numba.

Pictures are uint8 [H, W, 3] sRGB at any (square) resolution; anti-aliasing averages `samples` x `samples` rays per pixel.
Sphere, cube, cylinder and cone are met analytically, the ring by sphere tracing. Shadows are soft and analytic.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from toybox.world import COLOUR_RGB, GROUND_RGB, SHAPES, Scene

CUBE, SPHERE, CYLINDER, CONE, RING = range(len(SHAPES))
CAMERA_DISTANCE = 7.0
FAR = 1e9

# Proportions of each solid over its radius; heights agree with world.SHAPE_HEIGHT.
CUBE_HALF = 0.8
CYLINDER_RADIUS, CYLINDER_HALF = 0.76, 0.85
CONE_RADIUS, CONE_HEIGHT = 0.95, 1.9
RING_MAJOR, RING_MINOR = 0.74, 0.30

# A packed thing: shape, x, y, z, radius, cos yaw, sin yaw, red, green, blue.
THING_WIDTH = 10
# A packed view: camera 3, forward 3, right 3, up 3, light 3, ground 3, half picture height over distance.
VIEW_WIDTH = 19


def pack(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """A scene as numbers: things [2, THING_WIDTH] (shape -1 where there is none) and view [VIEW_WIDTH]."""
    things = np.full((2, THING_WIDTH), -1.0)
    for row, thing in zip(things, scene.things):
        position = (thing.x, thing.y, thing.z, thing.radius, math.cos(thing.yaw), math.sin(thing.yaw))
        row[:] = (SHAPES.index(thing.shape), *position, *COLOUR_RGB[thing.colour])
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
def _shade(things, view, dx, dy, dz):
    """The colour seen along the unit ray (dx, dy, dz) from the camera."""
    ox, oy, oz = view[0], view[1], view[2]
    best, nx, ny, nz, hit = FAR, 0.0, 0.0, 0.0, -1
    for i in range(len(things)):
        if things[i, 0] >= 0.0:
            t, ax, ay, az = _meet(things[i], ox, oy, oz, dx, dy, dz)
            if 0.0 < t < best:
                best, nx, ny, nz, hit = t, ax, ay, az, i
    if hit < 0:
        t = -oy / dy
        x, z = ox + t * dx, oz + t * dz
        light = _ground_light(things, view, x, z)
        fade = _smooth(1.5, 8.5, -z)  # the ground runs out into a bright backdrop
        return (
            (1.0 - fade) * view[15] * light + fade * 0.84,
            (1.0 - fade) * view[16] * light + fade * 0.90,
            (1.0 - fade) * view[17] * light + fade * 0.96,
        )
    thing = things[hit]
    lambert = max(0.0, nx * view[12] + ny * view[13] + nz * view[14])
    sky = 0.5 + 0.5 * ny
    foot = _smooth(-0.3, 0.7, (oy + best * dy - thing[2]) / thing[4])  # darker near what it stands on
    light = (0.30 + 0.14 * sky) * (0.55 + 0.45 * foot) + 0.62 * lambert
    hx, hy, hz = view[12] - dx, view[13] - dy, view[14] - dz
    half = max(0.0, (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz))
    gloss = 0.35 * half**40
    return thing[7] * light + gloss, thing[8] * light + gloss, thing[9] * light + gloss


@njit(fastmath=True)
def _draw(things, view, samples, out):
    size = out.shape[0]
    step = 2.0 * view[18] / (size * samples)
    for row in range(size):
        for column in range(size):
            red = green = blue = 0.0
            for i in range(samples):
                v = view[18] - (row * samples + i + 0.5) * step
                for j in range(samples):
                    u = (column * samples + j + 0.5) * step - view[18]
                    dx = view[3] + u * view[6] + v * view[9]
                    dy = view[4] + u * view[7] + v * view[10]
                    dz = view[5] + u * view[8] + v * view[11]
                    inv = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
                    r, g, b = _shade(things, view, dx * inv, dy * inv, dz * inv)
                    red, green, blue = red + min(r, 1.0), green + min(g, 1.0), blue + min(b, 1.0)
            scale = 255.0 / (samples * samples)
            out[row, column, 0] = int(red * scale + 0.5)
            out[row, column, 1] = int(green * scale + 0.5)
            out[row, column, 2] = int(blue * scale + 0.5)


@njit(parallel=True, fastmath=True)
def _draw_all(things, views, samples, out):
    for i in prange(len(out)):
        _draw(things[i], views[i], samples, out[i])


def render(scenes: list[Scene], size: int, samples: int = 4) -> np.ndarray:
    """Pictures of scenes: uint8 [N, size, size, 3]."""
    packed = [pack(scene) for scene in scenes]
    out = np.empty((len(scenes), size, size, 3), dtype=np.uint8)
    _draw_all(np.stack([p[0] for p in packed]), np.stack([p[1] for p in packed]), samples, out)
    return out
