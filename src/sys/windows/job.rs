//! A job: processes that end together.

use std::io;
use std::mem::size_of_val;
use std::ptr;

use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::AssignProcessToJobObject;
use windows_sys::Win32::System::JobObjects::CreateJobObjectW;
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_LIMIT_BREAKAWAY_OK;
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
use windows_sys::Win32::System::JobObjects::JOBOBJECT_EXTENDED_LIMIT_INFORMATION;
use windows_sys::Win32::System::JobObjects::JobObjectExtendedLimitInformation;
use windows_sys::Win32::System::JobObjects::SetInformationJobObject;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// What ends all processes in it with the last handle to it, which is ours.
pub(super) struct Job(HANDLE);

impl Job {
    /// A job with this process in it, and with what that will start.
    #[expect(unsafe_code, reason = "the calls for jobs")]
    pub(super) fn of_this_process() -> io::Result<Self> {
        // SAFETY: neither rights nor a name are asked for.
        let job = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        let job = Self(job);
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        // SAFETY: both handles are good.
        if unsafe { AssignProcessToJobObject(job.0, GetCurrentProcess()) } == FALSE {
            return Err(io::Error::last_os_error());
        }
        Ok(job)
    }

    /// Lets what is still in it go on without us.
    pub(super) fn release(&self) -> io::Result<()> {
        self.limit(0)
    }

    #[expect(unsafe_code, reason = "the calls for jobs")]
    fn limit(&self, flags: u32) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // Who asks to be out of a job is to be let out, as without ours.
        limits.BasicLimitInformation.LimitFlags = flags | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        // SAFETY: the handle is good, and the structure is of the kind that is named.
        let is_set = unsafe {
            SetInformationJobObject(
                self.0,
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        };
        if is_set == FALSE { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
