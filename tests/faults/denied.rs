//! System calls that a seccomp(2) profile denies, as container runtimes and sandboxes have them, one
//! at a time.

use std::io;

use nix::libc;

use crate::command::Command;
use crate::witness::World;
use crate::witness::is_exhaustive;
use crate::witness::survives;

/// Has one system call fail from now on, without being made.
#[expect(unsafe_code, reason = "prctl(2) between fork and exec")]
fn denied(command: Command, call: i64, errno: i32) -> Command {
    command.before_exec(move || {
        let step = |code: u32, jf, k| libc::sock_filter { code: code as u16, jt: 0, jf, k };
        let mut filter = [
            // The number of the call is what the kernel's description of it begins with.
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, call as u32),
            step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
            step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        let mode = libc::SECCOMP_MODE_FILTER;
        // SAFETY: the program leads to the filter, and both outlive the call.
        match unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    })
}

fn worlds(calls: impl IntoIterator<Item = i64>, errno: i32) -> impl Iterator<Item = World> {
    calls.into_iter().map(move |call| -> World {
        (format!("call {call} denied"), Box::new(move |command| denied(command, call, errno)))
    })
}

#[test]
fn a_call_that_is_denied_keeps_no_command_from_running() {
    if is_exhaustive() {
        let calls = || (0..500).filter(|call| !NEEDED.contains(call));
        survives(900, worlds(calls(), libc::EPERM));
        survives(900, worlds(calls(), libc::ENOSYS));
    } else {
        survives(60, worlds(LIKELY, libc::EPERM));
    }
}

/// What the C library's start code can't do without, before anything of ours runs: the pointer to its
/// thread, and memory for that.
const NEEDED: [i64; 2] = [libc::SYS_arch_prctl, libc::SYS_mmap];

/// What the program calls, or might.
const LIKELY: [i64; 43] = [
    libc::SYS_access,
    libc::SYS_brk,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_close,
    libc::SYS_copy_file_range,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_geteuid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_lseek,
    libc::SYS_lstat,
    libc::SYS_memfd_create,
    libc::SYS_mkdir,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_newfstatat,
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_poll,
    libc::SYS_read,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_renameat2,
    libc::SYS_rt_sigaction,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_stat,
    libc::SYS_statx,
    libc::SYS_symlink,
    libc::SYS_umask,
    libc::SYS_unlink,
];
