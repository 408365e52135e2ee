//! The system calls that a start may make: their names, what their arguments are, and how each can
//! fail, by its manual page. EPERM and ENOSYS are what a seccomp filter answers.

use nix::errno::Errno;
use nix::errno::Errno::*;
use nix::libc;

use crate::tracer::Call;

/// A row of the table.
pub(crate) struct Kind {
    number: i64,
    pub(crate) name: &'static str,
    arguments: &'static [Argument],
    errnos: &'static [Errno],
}

/// What an argument is, as far as it is shown.
#[derive(Clone, Copy, PartialEq)]
enum Argument {
    Path,
    Descriptor,
    /// Of openat(2) and its like, where it isn't the working directory.
    Directory,
    OpenFlags,
    Number,
    Other,
}

use Argument::*;

/// A call as it was made: what it is, and what it is about.
#[derive(Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) shown: String,
    /// How it can fail.
    pub(crate) errnos: Vec<Errno>,
    /// A read or a write of more than one byte.
    pub(crate) can_be_halved: bool,
    /// It may change a file of the root.
    pub(crate) changes: bool,
    /// It gives a new descriptor.
    pub(crate) opens: bool,
    /// It asks for memory.
    pub(crate) allocates: bool,
}

/// Of a call of a process in `root`.
pub(crate) fn made(call: &Call<'_>, root: &str) -> Made {
    let kind = CALLS.iter().find(|kind| kind.number == call.number).unwrap_or(&UNKNOWN);
    let flags = kind.arguments.iter().position(|&argument| argument == OpenFlags);
    let flags = flags.map_or(0, |at| call.arguments[at] as i32);
    let is_writing = flags & (libc::O_CREAT | libc::O_WRONLY | libc::O_RDWR) != 0;
    let shown = kind.arguments.iter().enumerate().filter_map(|(at, argument)| {
        let value = call.arguments[at];
        Some(match argument {
            Path => call.text(at),
            Descriptor | Directory => {
                let path = call.file(at)?.to_string_lossy().into_owned();
                path.strip_prefix(root).map_or_else(
                    || path.clone(),
                    |path| match path {
                        "" => "/".to_owned(),
                        path => path.to_owned(),
                    },
                )
            }
            OpenFlags if flags & libc::O_CREAT != 0 => "(create)".to_owned(),
            OpenFlags if is_writing => "(write)".to_owned(),
            Number => value.to_string(),
            OpenFlags | Other => return None,
        })
    });
    let shown = [kind.name.to_owned()].into_iter().chain(shown).collect::<Vec<_>>().join(" ");
    let mut errnos = kind.errnos.to_vec();
    let duplicates = kind.name == "fcntl"
        && [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].contains(&(call.arguments[1] as i32));
    if duplicates {
        errnos.push(EMFILE);
    }
    if is_writing {
        errnos.extend([EROFS, ENOSPC, EDQUOT, ETXTBSY]);
    }
    let is_message = kind.name == "write" && call.arguments[0] <= 2;
    let moves_bytes = ["read", "write", "pread64", "pwrite64"].contains(&kind.name);
    Made {
        name: kind.name,
        shown,
        errnos,
        can_be_halved: moves_bytes && call.arguments[2] > 1,
        changes: is_writing || CHANGING.contains(&kind.name) && !is_message,
        opens: duplicates || OPENING.contains(&kind.name),
        allocates: ["mmap", "brk", "mremap"].contains(&kind.name),
    }
}

/// What a start makes that nothing hinders is in the table.
pub(crate) const UNKNOWN: Kind = row(-1, "unknown", &[], NONE);

const LOOKUP: &[Errno] = &[EACCES, EIO, ELOOP, ENOMEM, EPERM];
const ENTRY: &[Errno] =
    &[EACCES, EBUSY, EDQUOT, EIO, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM, EROFS, EXDEV];
/// Without ENOENT: what is told so is gone indeed.
const GOING: &[Errno] = &[EACCES, EBUSY, EIO, ELOOP, ENOMEM, EPERM, EROFS];
const OPEN: &[Errno] = &[EACCES, EINTR, EIO, ELOOP, EMFILE, ENFILE, ENOMEM, EPERM, EOVERFLOW];
const READ: &[Errno] = &[EAGAIN, EINTR, EIO, EISDIR, ENOMEM];
const WRITE: &[Errno] = &[EAGAIN, EDQUOT, EFBIG, EINTR, EIO, ENOSPC, EPERM, EROFS];
const OWNER: &[Errno] = &[EACCES, EIO, ENOMEM, EPERM, EROFS];
const MEMORY: &[Errno] = &[ENOMEM];
/// Of calls that always succeed.
const NONE: &[Errno] = &[];

const fn row(
    number: i64,
    name: &'static str,
    arguments: &'static [Argument],
    errnos: &'static [Errno],
) -> Kind {
    Kind { number, name, arguments, errnos }
}

/// Of files, in the order of their manual pages' names; then of memory and of the process.
const CALLS: &[Kind] = &[
    row(libc::SYS_access, "access", &[Path], LOOKUP),
    row(libc::SYS_chmod, "chmod", &[Path], OWNER),
    row(libc::SYS_close, "close", &[Descriptor], &[EINTR, EIO, ENOSPC, EDQUOT]),
    row(libc::SYS_faccessat, "faccessat", &[Directory, Path], LOOKUP),
    row(
        libc::SYS_faccessat2,
        "faccessat2",
        &[Directory, Path],
        &[EACCES, EIO, ENOMEM, ENOSYS, EPERM, EROFS],
    ),
    row(libc::SYS_fchmod, "fchmod", &[Descriptor], OWNER),
    row(libc::SYS_fchown, "fchown", &[Descriptor], OWNER),
    row(libc::SYS_fcntl, "fcntl", &[Descriptor, Number], &[EPERM, ENOSYS]),
    row(libc::SYS_flock, "flock", &[Descriptor], &[EINTR, ENOLCK, ENOSYS, EPERM, EAGAIN]),
    row(libc::SYS_fstat, "fstat", &[Descriptor], &[EIO, ENOMEM, EOVERFLOW, EPERM]),
    row(libc::SYS_ftruncate, "ftruncate", &[Descriptor], &[EINTR, EIO, EPERM, EROFS]),
    row(libc::SYS_getcwd, "getcwd", &[], &[EACCES, ENOENT, ENOMEM]),
    row(libc::SYS_getdents64, "getdents64", &[Descriptor], &[EINTR, EIO, ENOMEM, EPERM]),
    row(libc::SYS_link, "link", &[Path, Path], ENTRY),
    row(libc::SYS_linkat, "linkat", &[Directory, Path, Directory, Path], ENTRY),
    row(libc::SYS_lseek, "lseek", &[Descriptor], &[EOVERFLOW, EPERM]),
    row(libc::SYS_lstat, "lstat", &[Path], LOOKUP),
    row(libc::SYS_memfd_create, "memfd_create", &[], &[EMFILE, ENFILE, ENOMEM, ENOSYS, EPERM]),
    row(libc::SYS_mkdir, "mkdir", &[Path], ENTRY),
    row(libc::SYS_mkdirat, "mkdirat", &[Directory, Path], ENTRY),
    row(libc::SYS_newfstatat, "newfstatat", &[Directory, Path], LOOKUP),
    row(libc::SYS_open, "open", &[Path, OpenFlags], OPEN),
    row(libc::SYS_openat, "openat", &[Directory, Path, OpenFlags], OPEN),
    row(libc::SYS_pread64, "pread64", &[Descriptor], READ),
    row(libc::SYS_pwrite64, "pwrite64", &[Descriptor, Other, Number], WRITE),
    row(libc::SYS_read, "read", &[Descriptor, Other, Number], READ),
    row(libc::SYS_readlink, "readlink", &[Path], LOOKUP),
    row(libc::SYS_readlinkat, "readlinkat", &[Directory, Path], LOOKUP),
    row(libc::SYS_rename, "rename", &[Path, Path], ENTRY),
    row(libc::SYS_renameat, "renameat", &[Directory, Path, Directory, Path], ENTRY),
    row(libc::SYS_renameat2, "renameat2", &[Directory, Path, Directory, Path], ENTRY),
    row(libc::SYS_stat, "stat", &[Path], LOOKUP),
    row(libc::SYS_statx, "statx", &[Directory, Path], &[EACCES, EIO, ELOOP, ENOMEM, ENOSYS, EPERM]),
    row(libc::SYS_symlink, "symlink", &[Path, Path], ENTRY),
    row(libc::SYS_symlinkat, "symlinkat", &[Path, Directory, Path], ENTRY),
    row(libc::SYS_unlink, "unlink", &[Path], GOING),
    row(libc::SYS_unlinkat, "unlinkat", &[Directory, Path], GOING),
    row(libc::SYS_write, "write", &[Descriptor, Other, Number], WRITE),
    row(libc::SYS_brk, "brk", &[], MEMORY),
    row(libc::SYS_madvise, "madvise", &[], &[EAGAIN, EINVAL, ENOMEM]),
    row(libc::SYS_mmap, "mmap", &[Other, Number], MEMORY),
    row(libc::SYS_mprotect, "mprotect", &[], MEMORY),
    row(libc::SYS_mremap, "mremap", &[Other, Number, Number], &[EAGAIN, ENOMEM]),
    row(libc::SYS_munmap, "munmap", &[Other, Number], MEMORY),
    row(libc::SYS_arch_prctl, "arch_prctl", &[], &[EPERM]),
    row(libc::SYS_clock_gettime, "clock_gettime", &[], &[EPERM]),
    row(
        libc::SYS_execve,
        "execve",
        &[Path],
        &[
            E2BIG, EACCES, EAGAIN, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOEXEC, ENOMEM, EPERM,
            ETXTBSY,
        ],
    ),
    row(libc::SYS_exit_group, "exit_group", &[], &[]),
    row(libc::SYS_futex, "futex", &[], &[EAGAIN, EINTR]),
    row(libc::SYS_getegid, "getegid", &[], NONE),
    row(libc::SYS_geteuid, "geteuid", &[], NONE),
    row(libc::SYS_getpid, "getpid", &[], NONE),
    row(libc::SYS_getrandom, "getrandom", &[], &[EAGAIN, EINTR, ENOSYS, EPERM]),
    row(libc::SYS_getuid, "getuid", &[], NONE),
    row(libc::SYS_nanosleep, "nanosleep", &[], &[EINTR, EPERM]),
    row(libc::SYS_clock_nanosleep, "clock_nanosleep", &[], &[EINTR, EPERM]),
    row(libc::SYS_poll, "poll", &[], &[EINTR, ENOMEM, EPERM]),
    row(libc::SYS_rt_sigaction, "rt_sigaction", &[Number], &[EPERM, ENOSYS]),
    row(libc::SYS_rt_sigprocmask, "rt_sigprocmask", &[Number], &[EPERM, ENOSYS]),
    row(libc::SYS_set_tid_address, "set_tid_address", &[], &[ENOSYS, EPERM]),
    row(libc::SYS_sigaltstack, "sigaltstack", &[], &[ENOMEM, EPERM]),
    row(libc::SYS_umask, "umask", &[], NONE),
];

const OPENING: &[&str] = &["open", "openat", "memfd_create"];

const CHANGING: &[&str] = &[
    "chmod",
    "fchmod",
    "fchown",
    "ftruncate",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "write",
];
