// Fetches https://HOST:PORT/PATH with WinHTTP, that is, through Schannel. Prints the status, or the error.

#include "text.h"
#include <winhttp.h>
#include <wchar.h>

static int fail(const char *what)
{
    printf("%s: error %lu\n", what, GetLastError());
    return 1;
}

int wmain(int count, wchar_t **arguments)
{
    begin_output();
    if (count != 4)
        return 2;
    HINTERNET session = WinHttpOpen(L"https", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET connection = WinHttpConnect(session, arguments[1], (INTERNET_PORT)_wtoi(arguments[2]), 0);
    HINTERNET request = WinHttpOpenRequest(connection, L"GET", arguments[3], NULL, NULL, NULL, WINHTTP_FLAG_SECURE);
    if (!request || !WinHttpSendRequest(request, NULL, 0, NULL, 0, 0, 0))
        return fail("send");
    if (!WinHttpReceiveResponse(request, NULL))
        return fail("receive");
    DWORD status = 0, size = sizeof status;
    if (!WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &status, &size, NULL))
        return fail("headers");
    printf("status %lu\n", status);
    return 0;
}
