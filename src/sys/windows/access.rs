//! Who may write where: owners and access control lists.

use std::ffi::OsString;
use std::ffi::c_void;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::os::windows::io::FromRawHandle;
use std::os::windows::io::OwnedHandle;
use std::path::Path;
use std::path::PathBuf;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_ALREADY_EXISTS;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Foundation::GENERIC_ALL;
use windows_sys::Win32::Foundation::GENERIC_WRITE;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::ACCESS_ALLOWED_ACE;
use windows_sys::Win32::Security::ACE_HEADER;
use windows_sys::Win32::Security::ACL;
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::Authorization::ConvertStringSecurityDescriptorToSecurityDescriptorW;
use windows_sys::Win32::Security::Authorization::GetNamedSecurityInfoW;
use windows_sys::Win32::Security::Authorization::SDDL_REVISION_1;
use windows_sys::Win32::Security::Authorization::SE_FILE_OBJECT;
use windows_sys::Win32::Security::CheckTokenMembership;
use windows_sys::Win32::Security::CreateWellKnownSid;
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;
use windows_sys::Win32::Security::GetAce;
use windows_sys::Win32::Security::GetTokenInformation;
use windows_sys::Win32::Security::INHERIT_ONLY_ACE;
use windows_sys::Win32::Security::OWNER_SECURITY_INFORMATION;
use windows_sys::Win32::Security::PSECURITY_DESCRIPTOR;
use windows_sys::Win32::Security::PSID;
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Security::SECURITY_MAX_SID_SIZE;
use windows_sys::Win32::Security::TOKEN_QUERY;
use windows_sys::Win32::Security::TOKEN_USER;
use windows_sys::Win32::Security::TokenUser;
use windows_sys::Win32::Security::WinBuiltinAdministratorsSid;
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::Storage::FileSystem::DELETE;
use windows_sys::Win32::Storage::FileSystem::FILE_ADD_FILE;
use windows_sys::Win32::Storage::FileSystem::FILE_ADD_SUBDIRECTORY;
use windows_sys::Win32::Storage::FileSystem::FILE_DELETE_CHILD;
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS;
use windows_sys::Win32::Storage::FileSystem::FILE_WRITE_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::WRITE_DAC;
use windows_sys::Win32::Storage::FileSystem::WRITE_OWNER;
use windows_sys::Win32::System::SystemServices::ACCESS_ALLOWED_ACE_TYPE;
use windows_sys::Win32::System::SystemServices::ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
use windows_sys::Win32::System::SystemServices::ACCESS_DENIED_ACE_TYPE;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::Win32::System::Threading::OpenProcessToken;

use super::file::system_root;
use super::permission_denied;
use super::wide::from_wide;
use super::wide::wide;

/// Whether this user is an administrator, and not just one who could become one.
#[expect(unsafe_code, reason = "advapi32's calls")]
pub(crate) fn is_root() -> bool {
    let mut sid = [0_u8; SECURITY_MAX_SID_SIZE as usize];
    let mut size = SECURITY_MAX_SID_SIZE;
    let mut is_member = FALSE;
    // SAFETY: the buffer is `size` bytes, which is enough for any; without a token the thread's own
    // is meant.
    unsafe {
        let sid: PSID = sid.as_mut_ptr().cast();
        CreateWellKnownSid(WinBuiltinAdministratorsSid, ptr::null_mut(), sid, &mut size) != FALSE
            && CheckTokenMembership(ptr::null_mut(), sid, &mut is_member) != FALSE
            && is_member != FALSE
    }
}

/// The directories that this user's files may be in, the best first. An administrator's is one in
/// which no variable has a part.
pub(crate) fn private_directories(name: &str, user_directory: Option<&Path>) -> Vec<PathBuf> {
    let system = system_root();
    if is_root() {
        return vec![system.join("Program Files").join(name)];
    }
    let own = user().map(|user| system.join("ProgramData").join(format!("{name}-{user}")));
    user_directory.map(|path| path.join(name)).into_iter().chain(own).collect()
}

/// Of the directory of a user's own files, in the words of Unix: who may read it.
pub(crate) fn private_mode() -> u32 {
    if is_root() { 0o755 } else { 0o700 }
}

/// Makes a directory for this user's files, or takes the one that is there, if nobody else can put
/// anything into it or in its place.
///
/// # Errors
/// `PermissionDenied` when somebody else could.
#[expect(unsafe_code, reason = "std makes directories with the rights of the one above alone")]
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    // An administrator's is under a directory that is closed to others already, and is read by them.
    if is_root() {
        fs::create_dir_all(path)?;
    } else {
        let user = user().ok_or_else(permission_denied)?;
        // For the user, the system and its administrators, and for nobody by what is above.
        let rights =
            Descriptor::parse(&format!("D:P(A;OICI;FA;;;{user})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"))?;
        let attributes = SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: rights.0,
            bInheritHandle: FALSE,
        };
        // SAFETY: the path ends with a NUL, and the descriptor is there until the call is over.
        if unsafe { CreateDirectoryW(wide(path).as_ptr(), &attributes) } == FALSE {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_ALREADY_EXISTS.cast_signed()) {
                return Err(error);
            }
        }
    }
    if is_private_directory(path)? { Ok(()) } else { Err(permission_denied()) }
}

/// Whether a directory is this user's own, and only this user can put anything into it or in its
/// place. A link to one isn't one.
pub(crate) fn is_private_directory(path: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    let parent = path.parent().unwrap_or(path);
    Ok(metadata.is_dir() && is_closed(path, WRITES | MOVES)? && is_safe_directory(parent))
}

/// Whether nobody but this user and administrators can put anything in the place of what is in a
/// directory, of the directory, or of one on the way to it. Users may add to what is made at the top
/// of a drive, which takes nothing's place.
pub(crate) fn is_safe_directory(path: &Path) -> bool {
    keeps_way(path)
}

/// The same, whoever may put something into the directory.
pub(crate) fn keeps_way(path: &Path) -> bool {
    path.ancestors().all(|directory| keeps_entries(directory).is_ok_and(|keeps| keeps))
}

/// Whether nobody but their owners and administrators can move a directory's entries away.
pub(crate) fn keeps_entries(directory: &Path) -> io::Result<bool> {
    is_closed(directory, MOVES)
}

/// Tells why this user may not write to a file or a directory, as far as that can be told without
/// doing so.
pub(crate) fn writable(path: &Path) -> io::Result<()> {
    // Of a file, the first bit is that of its data.
    let access = if path.is_dir() { FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY } else { FILE_ADD_FILE };
    let mut options = OpenOptions::new();
    options.access_mode(access).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path).map(drop)
}

/// Whether a file or directory belongs to this user or administrators, and its list of rights gives
/// nobody else any of `rights`.
#[expect(unsafe_code, reason = "advapi32's calls")]
fn is_closed(path: &Path, rights: u32) -> io::Result<bool> {
    let mut owner: PSID = ptr::null_mut();
    let mut list: *mut ACL = ptr::null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the path ends with a NUL; the others are places for what is asked for.
    let code = unsafe {
        GetNamedSecurityInfoW(
            wide(path).as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &mut owner,
            ptr::null_mut(),
            &mut list,
            ptr::null_mut(),
            &mut descriptor,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    let _descriptor = Descriptor(descriptor);
    let user = user();
    let is_trusted = |sid: &str| TRUSTED.contains(&sid) || user.as_deref() == Some(sid);
    // Without a list, all may do everything.
    if !text_of(owner).is_some_and(|owner| is_trusted(&owner)) || list.is_null() {
        return Ok(false);
    }
    // SAFETY: the list is a part of the descriptor, which is there until the end.
    let count = unsafe { (*list).AceCount };
    for number in 0..count {
        let mut entry: *mut c_void = ptr::null_mut();
        // SAFETY: the list has an entry of this number; all kinds of them begin with a header, and
        // those that allow something go on with rights and whose they are.
        let (kind, flags, entry) = unsafe {
            if GetAce(list, number.into(), &mut entry) == FALSE {
                return Err(io::Error::last_os_error());
            }
            let header = *entry.cast::<ACE_HEADER>();
            (
                u32::from(header.AceType),
                u32::from(header.AceFlags),
                entry.cast::<ACCESS_ALLOWED_ACE>(),
            )
        };
        // Such a one is for what is made in there, and what denies gives nobody anything.
        if flags & INHERIT_ONLY_ACE != 0 || kind == ACCESS_DENIED_ACE_TYPE {
            continue;
        }
        // The others are for no files, or have more parts.
        if kind != ACCESS_ALLOWED_ACE_TYPE && kind != ACCESS_ALLOWED_CALLBACK_ACE_TYPE {
            return Ok(false);
        }
        // SAFETY: as above.
        let (mask, sid) = unsafe { ((*entry).Mask, (&raw mut (*entry).SidStart).cast()) };
        if mask & rights != 0 && !text_of(sid).is_some_and(|sid| is_trusted(&sid)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The identifier of the user whom this process runs for, as text.
#[expect(unsafe_code, reason = "advapi32's call")]
fn user() -> Option<String> {
    // Aligned as the structure at its beginning, with room for the longest identifier behind it.
    let mut buffer = [0_usize; 16];
    let mut size = size_of_val(&buffer) as u32;
    let user = buffer.as_mut_ptr().cast::<c_void>();
    let mut token = ptr::null_mut();
    // SAFETY: the handle that the first call gives is closed once; the buffer is `size` bytes, and
    // begins with the structure that leads into it.
    unsafe {
        if OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) == FALSE {
            return None;
        }
        let token = OwnedHandle::from_raw_handle(token);
        let handle = token.as_raw_handle();
        if GetTokenInformation(handle, TokenUser, user, size, &mut size) == FALSE {
            return None;
        }
        text_of((*user.cast::<TOKEN_USER>()).User.Sid)
    }
}

#[expect(unsafe_code, reason = "advapi32's call")]
fn text_of(sid: PSID) -> Option<String> {
    let mut text = ptr::null_mut();
    // SAFETY: whoever calls has the identifier from Windows. The text ends with a NUL, and is given
    // back once.
    unsafe {
        if sid.is_null() || ConvertSidToStringSidW(sid, &mut text) == FALSE {
            return None;
        }
        let result = OsString::from_wide(from_wide(text)).into_string().ok();
        LocalFree(text.cast());
        result
    }
}

/// Rights, to be given back.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// From the security descriptor definition language.
    #[expect(unsafe_code, reason = "advapi32's call")]
    fn parse(text: &str) -> io::Result<Self> {
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends with a NUL, and nobody asks for the size.
        let is_parsed = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                wide(text).as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                ptr::null_mut(),
            )
        };
        if is_parsed == FALSE { Err(io::Error::last_os_error()) } else { Ok(Self(descriptor)) }
    }
}

impl Drop for Descriptor {
    #[expect(unsafe_code, reason = "the call that gives it back")]
    fn drop(&mut self) {
        // SAFETY: it is Windows', and given back once.
        unsafe { LocalFree(self.0) };
    }
}

/// The system, its administrators, that of a container, and the installer of updates, to whom the
/// system's directories belong.
const TRUSTED: [&str; 4] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-93-2-1",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// What lets somebody put something into a directory, or make a link of it while it is empty.
const WRITES: u32 =
    FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | FILE_WRITE_ATTRIBUTES | GENERIC_WRITE | GENERIC_ALL;

/// What lets somebody take something out of a directory, or the directory away, or take such rights.
const MOVES: u32 =
    FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;
