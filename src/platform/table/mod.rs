//! The table of platforms. A row is data; its comment names where the facts come
//! from.

#![forbid(unsafe_code)]

mod bundle_only;
mod collections;
mod concatenations;
mod windows;

use super::Platform;

/// In order of precedence: the first row that matches is taken.
pub(super) static PLATFORMS: &[Platform] = &[
    concatenations::ALPINE,
    concatenations::DEBIAN,
    collections::RHEL,
    collections::SUSE,
    collections::ARCH,
    concatenations::PHOTON,
    bundle_only::NIXOS,
    windows::WINDOWS,
];

/// Every other image: BusyBox, scratch, and whatever isn't known.
pub(super) static FALLBACK: Platform = bundle_only::BUNDLE_ONLY;
