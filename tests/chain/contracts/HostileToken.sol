// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

// Written for tests: what a token that was admitted can be upgraded to.

/// Keeps balances where the world's plain token keeps them, and does one harm that is chosen.
contract HostileToken {
    mapping(address => uint256) private balances;
    mapping(address => mapping(address => uint256)) private allowances;
    uint256 public totalSupply;
    string public name;
    string public symbol;
    uint8 public decimals;

    /// Far from the slots above, so that the plain token's storage stays as it is.
    struct Harm {
        uint256 kind;
        address target;
        bytes data;
        uint256 tried;
        uint256 worked;
    }

    uint256 private constant HONEST = 0;
    uint256 private constant RETURNS_FALSE = 1;
    uint256 private constant KEEPS_A_FEE = 2;
    uint256 private constant LIES_ABOUT_BALANCES = 3;
    uint256 private constant ENTERS_AGAIN = 4;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function harm() private pure returns (Harm storage found) {
        bytes32 slot = keccak256("a hostile token's harm");
        assembly {
            found.slot := slot
        }
    }

    function set(uint256 kind, address target, bytes calldata data) external {
        Harm storage now_ = harm();
        (now_.kind, now_.target, now_.data) = (kind, target, data);
    }

    /// How often it tried to enter again, and how often that worked.
    function tries() external view returns (uint256, uint256) {
        return (harm().tried, harm().worked);
    }

    function balanceOf(address owner) external view returns (uint256) {
        uint256 held = balances[owner];
        return harm().kind == LIES_ABOUT_BALANCES && owner == harm().target ? held + held / 10 : held;
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return allowances[owner][spender];
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowances[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowances[from][msg.sender] -= amount;
        emit Approval(from, msg.sender, allowances[from][msg.sender]);
        return move(from, to, amount);
    }

    function move(address from, address to, uint256 amount) private returns (bool) {
        Harm storage now_ = harm();
        if (now_.kind == RETURNS_FALSE) return false;
        if (now_.kind == ENTERS_AGAIN) enter(now_);
        uint256 kept = now_.kind == KEEPS_A_FEE ? amount / 20 : 0;
        balances[from] -= amount;
        balances[to] += amount - kept;
        emit Transfer(from, to, amount);
        return true;
    }

    function enter(Harm storage now_) private {
        (bool ok,) = now_.target.call(now_.data);
        now_.tried += 1;
        if (ok) now_.worked += 1;
    }
}
