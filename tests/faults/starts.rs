//! The images and what happens on them.

use crate::points::try_all;
use crate::rootfs;
use crate::rootfs::USER;
use crate::scenario::Scenario;

const FIRST: Scenario = Scenario {
    image: rootfs::debian,
    user: None,
    earlier: &[],
    mounted: Some("Corp CA"),
    options: &[],
    finds_command: false,
};
const SECOND: Scenario = Scenario { earlier: &["Corp CA"], ..FIRST };
const ROTATION: Scenario = Scenario { earlier: &["Former CA"], ..FIRST };
const WITHDRAWAL: Scenario = Scenario { mounted: None, ..SECOND };
const REMOVAL: Scenario = Scenario { options: &["--remove"], ..SECOND };

macro_rules! starts {
    ($($name:ident: $scenario:expr;)*) => {
        $(#[test]
        fn $name() {
            try_all(stringify!($name), $scenario);
        })*
    };
}

starts! {
    debian_first: FIRST;
    debian_second: SECOND;
    debian_rotation: ROTATION;
    debian_withdrawal: WITHDRAWAL;
    debian_removal: REMOVAL;
    alpine_first: Scenario { image: rootfs::alpine, ..FIRST };
    alpine_second: Scenario { image: rootfs::alpine, ..SECOND };
    alpine_rotation: Scenario { image: rootfs::alpine, ..ROTATION };
    alpine_withdrawal: Scenario { image: rootfs::alpine, ..WITHDRAWAL };
    alpine_removal: Scenario { image: rootfs::alpine, ..REMOVAL };
    rhel_first: Scenario { image: rootfs::rhel, ..FIRST };
    rhel_second: Scenario { image: rootfs::rhel, ..SECOND };
    rhel_rotation: Scenario { image: rootfs::rhel, ..ROTATION };
    rhel_withdrawal: Scenario { image: rootfs::rhel, ..WITHDRAWAL };
    rhel_removal: Scenario { image: rootfs::rhel, ..REMOVAL };
    private_first: Scenario { user: Some(USER), ..FIRST };
    private_second: Scenario { user: Some(USER), ..SECOND };
    private_rotation: Scenario { user: Some(USER), ..ROTATION };
    private_withdrawal: Scenario { user: Some(USER), ..WITHDRAWAL };
    private_removal: Scenario { user: Some(USER), ..REMOVAL };
}
